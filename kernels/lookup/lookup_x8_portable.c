/* SPDX-License-Identifier: Apache-2.0 */
#include "lookup.h"

void lookup_x8_portable(const struct lookup_x8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                        void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->channels;
  for (int32_t i = 0; i < count; i++) {
    out[i] = (int8_t)op->table[(uint8_t)in[i]];
  }
}
