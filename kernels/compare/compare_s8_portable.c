/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/requant.h"
#include "compare.h"

static int32_t real_of(const struct compare_operand *operand, int8_t value) {
  return requantize((value - operand->zero_point) * (1 << 8), operand->multiplier, operand->shift);
}

void compare_s8_portable(const struct compare *op, const int8_t *full, const int8_t *other,
                         int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t i = 0; i < op->period; i++) {
      const int32_t a = real_of(&op->first, *full++);
      const int32_t b = real_of(&op->second, other[i]);
      const int32_t relation = a < b ? COMPARE_LESS : a == b ? COMPARE_EQUAL : COMPARE_GREATER;
      *out++ = (op->relations & relation) != 0;
    }
    other += op->other_step;
  }
}
