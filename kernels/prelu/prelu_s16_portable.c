/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/values_s16.h"
#include "prelu.h"

void prelu_s16_portable(const struct prelu_s8 *op, const int8_t *in, const int8_t *alpha,
                        int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t i = 0; i < op->period; i++) {
      const int32_t x = *from++;
      const int32_t y = x >= 0 ? requantize(x, op->multiplier, op->shift)
                               : requantize(x * (alpha[i] - op->alpha_zero_point),
                                            op->alpha_multiplier, op->alpha_shift);
      *to++ = clamp_s16(y, INT16_MIN, INT16_MAX);
    }
  }
}
