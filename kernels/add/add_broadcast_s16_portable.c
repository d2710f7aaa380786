/* SPDX-License-Identifier: Apache-2.0 */
#include "add_operands_s16.h"

void add_broadcast_s16_portable(const struct add_s8 *op, const int8_t *first, const int8_t *second,
                                int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const arena_s16 *a = read_s16(first);
  const arena_s16 *b = read_s16(second);
  arena_s16 *to = write_s16(out);
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t i = 0; i < op->period; i++) {
      *to++ = add_values_s16(op, *a++, b[i]);
    }
  }
}
