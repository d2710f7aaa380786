/* SPDX-License-Identifier: Apache-2.0
 *
 * AVERAGE_POOL_2D and MAX_POOL_2D, int8, NHWC. Taps outside the image do not count: rows outside it
 * are NULL.
 *
 *   average: clamp(round_half_away(sum / count), out_min, out_max)
 */
#ifndef KERNELS_POOL2D_POOL2D_H_
#define KERNELS_POOL2D_POOL2D_H_

#include <stdint.h>

#include "../common/requant.h"
#include "../common/values_s16.h"

struct pool2d_s8 {
  int16_t in_width;
  int16_t out_width;
  int16_t channels;
  int16_t kernel_height;
  int16_t kernel_width;
  int16_t stride_height;
  int16_t stride_width;
  int16_t pad_left;
  int16_t out_min;
  int16_t out_max;
};

/* Any shape. No scratch. */
void average_pool_2d_s8_portable(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                                 int8_t *const *out_rows, int32_t rows, void *scratch);

/* Any shape. No scratch. */
void max_pool_2d_s8_portable(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                             int8_t *const *out_rows, int32_t rows, void *scratch);

/* For the Armv7E-M DSP extension: four channels at a time. At least four channels, no clamp but
 * int8's, at most 255 taps of an average. */
void average_pool_2d_s8_dsp(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                            int8_t *const *out_rows, int32_t rows, void *scratch);
void max_pool_2d_s8_dsp(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch);

/* For Cortex-M55 with Helium. An average of at most 255 taps. */
void average_pool_2d_s8_mve(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                            int8_t *const *out_rows, int32_t rows, void *scratch);
void max_pool_2d_s8_mve(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch);

/* For vectors of RISC-V, integers only (Zve32x), of any length. */
void average_pool_2d_s8_rvv(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                            int8_t *const *out_rows, int32_t rows, void *scratch);
void max_pool_2d_s8_rvv(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch);

/* For cores without SIMD, all channels of a tap at a time. At most 255 taps of an average; its
 * scratch: int32 [channels]. */
void average_pool_2d_s8_scalar(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                               int8_t *const *out_rows, int32_t rows, void *scratch);
void max_pool_2d_s8_scalar(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                           int8_t *const *out_rows, int32_t rows, void *scratch);

/* AVERAGE_POOL_2D of one window, the whole image [1, height, width, channels], which comes in bands
 * of rows. */
struct average_pool_rows_s8 {
  int16_t height;
  int16_t width;
  int16_t channels;
  int16_t out_min;
  int16_t out_max;
};

/* Takes rows y .. y + rows - 1; the last ones complete `out`. scratch: int32 [channels], kept from
 * call to call; none where all rows come at once. */
void average_pool_rows_s8_portable(const struct average_pool_rows_s8 *op, const int8_t *in,
                                   int8_t *out, int32_t y, int32_t rows, void *scratch);

/* The same for the Armv7E-M DSP extension. */
void average_pool_rows_s8_dsp(const struct average_pool_rows_s8 *op, const int8_t *in, int8_t *out,
                              int32_t y, int32_t rows, void *scratch);

/* The same for Cortex-M55; contract and scratch in its file. */
void average_pool_rows_s8_mve(const struct average_pool_rows_s8 *op, const int8_t *in, int8_t *out,
                              int32_t y, int32_t rows, void *scratch);

/* The same for vectors of RISC-V, integers only (Zve32x), of any length. */
void average_pool_rows_s8_rvv(const struct average_pool_rows_s8 *op, const int8_t *in, int8_t *out,
                              int32_t y, int32_t rows, void *scratch);

/* The same of int16. */
void average_pool_2d_s16_portable(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                                  int8_t *const *out_rows, int32_t rows, void *scratch);
void max_pool_2d_s16_portable(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                              int8_t *const *out_rows, int32_t rows, void *scratch);
void average_pool_rows_s16_portable(const struct average_pool_rows_s8 *op, const int8_t *in,
                                    int8_t *out, int32_t y, int32_t rows, void *scratch);

#endif /* KERNELS_POOL2D_POOL2D_H_ */
