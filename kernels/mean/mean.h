/* SPDX-License-Identifier: Apache-2.0
 *
 * MEAN over the middle axis of [outer, count, inner], int8:
 *
 *   out[o, i] = clamp(requantize(sum_n in[o, n, i] - count * in_zero_point) + out_zero_point)
 *
 * 1 / count is part of the multiplier.
 */
#ifndef KERNELS_MEAN_MEAN_H_
#define KERNELS_MEAN_MEAN_H_

#include <stdint.h>

#include "../common/requant.h"
#include "../common/values_s16.h"

struct mean_s8 {
  int32_t outer;
  int32_t count;
  int32_t inner;
  int32_t offset; /* -count * in_zero_point */
  int32_t multiplier;
  int16_t shift;
  int16_t out_zero_point;
};

/* Any shape. No scratch. */
void mean_s8_portable(const struct mean_s8 *op, const int8_t *in, int8_t *out, void *scratch);

/* MEAN over height and width of [1, height, width, channels], which comes in bands of rows:
 *
 *   out[c] = clamp(requantize(sum_{y, x} in[y, x, c] + offset) + out_zero_point) */
struct mean_rows_s8 {
  int16_t height;
  int16_t width;
  int16_t channels;
  int16_t shift;
  int32_t offset; /* -height * width * in_zero_point */
  int32_t multiplier;
  int32_t out_zero_point;
};

/* Takes rows y .. y + rows - 1; the last ones complete `out`. scratch: int32 [channels], kept from
 * call to call; none where all rows come at once. */
void mean_rows_s8_portable(const struct mean_rows_s8 *op, const int8_t *in, int8_t *out, int32_t y,
                           int32_t rows, void *scratch);

/* The same for the Armv7E-M DSP extension. */
void mean_rows_s8_dsp(const struct mean_rows_s8 *op, const int8_t *in, int8_t *out, int32_t y,
                      int32_t rows, void *scratch);

/* The same for Cortex-M55; scratch in its file. */
void mean_rows_s8_mve(const struct mean_rows_s8 *op, const int8_t *in, int8_t *out, int32_t y,
                      int32_t rows, void *scratch);

/* The same for vectors of RISC-V, integers only (Zve32x), of any length. */
void mean_rows_s8_rvv(const struct mean_rows_s8 *op, const int8_t *in, int8_t *out, int32_t y,
                      int32_t rows, void *scratch);

/* The same of int16; sums of 32 bits wrap around. */
void mean_s16_portable(const struct mean_s8 *op, const int8_t *in, int8_t *out, void *scratch);
void mean_rows_s16_portable(const struct mean_rows_s8 *op, const int8_t *in, int8_t *out, int32_t y,
                            int32_t rows, void *scratch);

#endif /* KERNELS_MEAN_MEAN_H_ */
