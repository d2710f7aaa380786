/* SPDX-License-Identifier: Apache-2.0 */
#include "gather.h"

#include <stddef.h>
#include <string.h>

#include "../common/index.h"

void gather_portable(const struct gather *op, const int8_t *in, const int8_t *indices, int8_t *out,
                     void *scratch) {
  (void)scratch;
  for (int32_t b = 0; b < op->batches; b++) {
    for (int32_t o = 0; o < op->outer; o++) {
      for (int32_t i = 0; i < op->count; i++) {
        const int32_t place = b * op->count + i;
        const int32_t index = index_within(indices, op->index_bytes, place, op->size);
        memcpy(out, in + index * op->run_bytes, (size_t)op->run_bytes);
        out += op->run_bytes;
      }
      in += op->size * op->run_bytes;
    }
  }
}
