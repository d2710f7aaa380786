/* SPDX-License-Identifier: Apache-2.0 */
#include "select.h"

#include <stddef.h>
#include <string.h>

void select_portable(const struct select_bytes *op, const int8_t *mask, const int8_t *first,
                     const int8_t *second, int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->period;
  for (int32_t i = 0; i < count; i++) {
    memcpy(out, mask[i] ? first : second, (size_t)op->item_bytes);
    out += op->item_bytes;
    first += op->first_step;
    second += op->second_step;
  }
}
