/* SPDX-License-Identifier: Apache-2.0 */
#include "resize_nearest_neighbor.h"

#include <stddef.h>
#include <string.h>

void resize_nearest_neighbor_s8_portable(const struct resize_nearest_neighbor_s8 *op,
                                         const int8_t *in, int8_t *out, void *scratch) {
  (void)scratch;
  for (int32_t y = 0; y < op->out_height; y++) {
    const int8_t *row = &in[op->rows[y] * op->in_width * op->channels];
    for (int32_t x = 0; x < op->out_width; x++) {
      memcpy(out, &row[op->columns[x] * op->channels], (size_t)op->channels);
      out += op->channels;
    }
  }
}
