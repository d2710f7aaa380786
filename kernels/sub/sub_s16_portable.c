/* SPDX-License-Identifier: Apache-2.0 */
#include "sub_operands_s16.h"

void sub_s16_portable(const struct sub_s8 *op, const int8_t *first, const int8_t *second,
                      int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const arena_s16 *a = read_s16(first);
  const arena_s16 *b = read_s16(second);
  arena_s16 *to = write_s16(out);
  const int32_t count = pixels * op->sum.period;
  for (int32_t i = 0; i < count; i++) {
    to[i] = sub_values_s16(op, a[i], b[i]);
  }
}
