/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/sum_rows.h"
#include "mean.h"

static int8_t finished(const struct mean_rows_s8 *op, int32_t sum) {
  return clamp_s8(requantize(sum, op->multiplier, op->shift) + op->out_zero_point, INT8_MIN,
                  INT8_MAX);
}

void mean_rows_s8_portable(const struct mean_rows_s8 *op, const int8_t *in, int8_t *out, int32_t y,
                           int32_t rows, void *scratch) {
  SUM_BANDS(op, op->offset, in, out, finished)
}
