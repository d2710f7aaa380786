/* SPDX-License-Identifier: Apache-2.0 */
#include "squared_difference_operands.h"

void squared_difference_broadcast_s8_portable(const struct add_s8 *op, const int8_t *first,
                                              const int8_t *second, int8_t *out, int32_t pixels,
                                              void *scratch) {
  (void)scratch;
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t i = 0; i < op->period; i++) {
      *out++ = squared_difference_values(op, *first++, second[i]);
    }
  }
}
