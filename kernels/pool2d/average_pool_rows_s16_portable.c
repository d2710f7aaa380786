/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/sum_rows_s16.h"
#include "divide_rounded.h"
#include "pool2d.h"

void average_pool_rows_s16_portable(const struct average_pool_rows_s8 *op, const int8_t *in,
                                    int8_t *out, int32_t y, int32_t rows, void *scratch) {
  int32_t *sums = scratch;
  arena_s16 *to = write_s16(out);
  if (y == 0) {
    for (int32_t c = 0; c < op->channels; c++) {
      sums[c] = 0;
    }
  }
  sum_pixels_s16(sums, in, rows * op->width, op->channels);
  if (y + rows == op->height) {
    for (int32_t c = 0; c < op->channels; c++) {
      to[c] = clamp_s16(divide_rounded(sums[c], op->height * op->width), op->out_min, op->out_max);
    }
  }
}
