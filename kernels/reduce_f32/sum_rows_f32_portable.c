/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../common/real.h"
#include "reduce_f32.h"

void sum_rows_f32_portable(const struct sum_rows_f32 *op, const int8_t *in, int8_t *out, int32_t y,
                           int32_t rows, void *scratch) {
  float *sums = scratch;
  const float *values = reals(in);
  if (y == 0) {
    memset(sums, 0, (size_t)op->channels * sizeof *sums);
  }
  for (int32_t p = 0; p < rows * op->width; p++) {
    for (int32_t c = 0; c < op->channels; c++) {
      sums[c] += *values++;
    }
  }
  if (y + rows == op->height) {
    for (int32_t c = 0; c < op->channels; c++) {
      reals_out(out)[c] = sums[c] / op->divisor;
    }
  }
}
