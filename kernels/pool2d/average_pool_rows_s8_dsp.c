/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/sum_rows_dsp.h"
#include "divide_rounded.h"
#include "pool2d.h"

void average_pool_rows_s8_dsp(const struct average_pool_rows_s8 *op, const int8_t *in, int8_t *out,
                              int32_t y, int32_t rows, void *scratch) {
  int32_t *sums = scratch;
  if (y == 0) {
    for (int32_t c = 0; c < op->channels; c++) {
      sums[c] = 0;
    }
  }
  sum_pixels_dsp(sums, in, rows * op->width, op->channels);
  if (y + rows == op->height) {
    for (int32_t c = 0; c < op->channels; c++) {
      out[c] = clamp_s8(divide_rounded(sums[c], op->height * op->width), op->out_min, op->out_max);
    }
  }
}
