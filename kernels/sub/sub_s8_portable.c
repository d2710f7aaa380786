/* SPDX-License-Identifier: Apache-2.0 */
#include "sub_operands.h"

void sub_s8_portable(const struct sub_s8 *op, const int8_t *first, const int8_t *second,
                     int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->sum.period;
  for (int32_t i = 0; i < count; i++) {
    out[i] = sub_values(op, first[i], second[i]);
  }
}
