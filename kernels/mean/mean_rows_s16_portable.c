/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/sum_rows.h"
#include "../common/values_s16.h"
#include "mean.h"

static int16_t finished(const struct mean_rows_s8 *op, int32_t sum) {
  return clamp_s16(requantize(sum, op->multiplier, op->shift) + op->out_zero_point, INT16_MIN,
                   INT16_MAX);
}

void mean_rows_s16_portable(const struct mean_rows_s8 *op, const int8_t *in, int8_t *out, int32_t y,
                            int32_t rows, void *scratch) {
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  SUM_BANDS(op, op->offset, from, to, finished)
}
