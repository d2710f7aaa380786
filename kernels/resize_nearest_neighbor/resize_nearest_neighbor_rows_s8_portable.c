/* SPDX-License-Identifier: Apache-2.0 */
#include "resize_nearest_neighbor.h"

#include <stddef.h>
#include <string.h>

void resize_nearest_neighbor_rows_s8_portable(const struct resize_nearest_neighbor_rows_s8 *op,
                                              const int8_t *in, int8_t *out, int32_t pixels,
                                              void *scratch) {
  (void)scratch;
  const int32_t row_bytes = op->out_width * op->channels;
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t x = 0; x < op->out_width; x++) {
      memcpy(&out[x * op->channels], &in[op->columns[x] * op->channels], (size_t)op->channels);
    }
    in += op->in_width * op->channels;
    for (int32_t r = 1; r < op->repeats; r++) {
      memcpy(&out[r * row_bytes], out, (size_t)row_bytes);
    }
    out += op->repeats * row_bytes;
  }
}
