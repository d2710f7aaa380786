/* SPDX-License-Identifier: Apache-2.0 */
#include "squared_difference_operands.h"

void squared_difference_s8_portable(const struct add_s8 *op, const int8_t *first,
                                    const int8_t *second, int8_t *out, int32_t pixels,
                                    void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->period;
  for (int32_t i = 0; i < count; i++) {
    out[i] = squared_difference_values(op, first[i], second[i]);
  }
}
