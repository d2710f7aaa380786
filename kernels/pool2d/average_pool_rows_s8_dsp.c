/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/sum_rows_dsp.h"
#include "divide_rounded.h"
#include "pool2d.h"

static int8_t finished(const struct average_pool_rows_s8 *op, int32_t sum) {
  return clamp_s8(divide_rounded(sum, op->height * op->width), op->out_min, op->out_max);
}

void average_pool_rows_s8_dsp(const struct average_pool_rows_s8 *op, const int8_t *in, int8_t *out,
                              int32_t y, int32_t rows, void *scratch) {
  SUM_BANDS_DSP(op, 0, finished)
}
