/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "../common/index.h"
#include "gather.h"

void gather_nd_portable(const struct gather_nd *op, const int8_t *in, const int8_t *indices,
                        int8_t *out, void *scratch) {
  (void)scratch;
  for (int32_t i = 0; i < op->count; i++) {
    int32_t run = 0;
    for (int32_t axis = 0; axis < op->axes; axis++) {
      const int32_t place = i * op->axes + axis;
      run = run * op->size[axis] + index_within(indices, op->index_bytes, place, op->size[axis]);
    }
    memcpy(out, in + run * op->run_bytes, (size_t)op->run_bytes);
    out += op->run_bytes;
  }
}
