/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D, int8, NHWC, weights per channel quantised [out_channels, kernel_height, kernel_width,
 * in_channels]:
 *
 *   acc[y, x, o] = bias[o] + sum_{i, j, c} w[o, i, j, c] * in[v, u, c]
 *              v = y * stride_height + i * dilation_height - pad_top
 *              u = x * stride_width + j * dilation_width - pad_left
 *   out[y, x, o] = clamp(requantize(acc, multiplier[o], shift[o]) + out_zero_point, out_min,
 *                        out_max)
 *
 * Taps outside the image read in_zero_point; -in_zero_point * sum(w) is already in `bias`.
 */
#ifndef KERNELS_CONV2D_CONV2D_H_
#define KERNELS_CONV2D_CONV2D_H_

#include <stdint.h>

#include "../common/requant.h"
#include "../common/values_s16.h"

struct conv2d_s8 {
  const void *weights;               /* layout: see each row */
  const struct channel_s8 *channels; /* [out_channels]; NULL where the weight stream carries them */
  int16_t in_width;
  int16_t in_channels;
  int16_t out_width;
  int16_t out_channels;
  int16_t kernel_height;
  int16_t kernel_width;
  int16_t stride_height;
  int16_t stride_width;
  int16_t dilation_height;
  int16_t dilation_width;
  int16_t pad_left;
  int16_t in_zero_point;
  int16_t out_zero_point;
  int16_t out_min;
  int16_t out_max;
};

/* Any shape. weights: int8 [out_channels, kernel_height, kernel_width, in_channels]. No scratch. */
void conv2d_s8_portable(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch);

/* 1 x 1, stride 1: pixel style. weights: int8 [out_channels, in_channels]. No scratch; `out` may
 * not overlap `in`. */
void conv2d_s8_1x1_portable(const struct conv2d_s8 *op, const int8_t *in, int8_t *out,
                            int32_t pixels, void *scratch);

/* The same for the Armv7E-M DSP extension; contract and weight stream: conv2d_1x1_dsp.inc.
 * out_channels >= 2, 24 * ceil(in_channels / 4) bytes of scratch; `out` may overlap spent input. */
void conv2d_s8_1x1_dsp(const struct conv2d_s8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch);
void conv2d_s8_1x1_wide_dsp(const struct conv2d_s8 *op, const int8_t *in, int8_t *out,
                            int32_t pixels, void *scratch);
void conv2d_s8_1x1_any_dsp(const struct conv2d_s8 *op, const int8_t *in, int8_t *out,
                           int32_t pixels, void *scratch);

/* Any window, for the Armv7E-M DSP extension: conv2d_kxk_dsp.inc. out_channels >= 2,
 * 8 * P * ceil(kernel_height * kernel_width * in_channels / 4) bytes of scratch if in_channels is a
 * multiple of 4, half as much again otherwise; P is 3, or 2 where out_width is 1, 2 or 4 and in
 * the `twos` rows. */
void conv2d_s8_dsp(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                   int8_t *const *out_rows, int32_t rows, void *scratch);
void conv2d_s8_wide_dsp(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch);
void conv2d_s8_twos_dsp(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch);
void conv2d_s8_wide_twos_dsp(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                             int8_t *const *out_rows, int32_t rows, void *scratch);
void conv2d_s8_any_dsp(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                       int8_t *const *out_rows, int32_t rows, void *scratch);

/* Windows of 3 columns, strides of 1 and 2 and no dilation along a row; or of 1 column without
 * padding beside rows. in_channels = 1, 2, 3 or a multiple of 4, out_width and out_channels >= 2.
 * Scratch: I * (1 + 2 * C * kernel_height) bytes, I being in_channels rounded up to a multiple of 4
 * and C = 3 + (P - 1) * stride_width; 2 * I * P * kernel_height for windows of 1 column. P is 3, or
 * 2 where out_width is 2 or 4. */
void conv2d_s8_columns_dsp(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                           int8_t *const *out_rows, int32_t rows, void *scratch);

/* For Cortex-M55 with Helium; weights: conv2d_tile_mve.h. Any clamp; no shift to the left but in
 * the `any` rows. Scratch:
 * 2 (1 x 1) or 3 times the inputs of a window, rounded up to 16. The 1 x 1 row's `out` may overlap
 * spent input. */
void conv2d_s8_1x1_mve(const struct conv2d_s8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch);
void conv2d_s8_mve(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                   int8_t *const *out_rows, int32_t rows, void *scratch);
void conv2d_s8_1x1_any_mve(const struct conv2d_s8 *op, const int8_t *in, int8_t *out,
                           int32_t pixels, void *scratch);
void conv2d_s8_any_mve(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                       int8_t *const *out_rows, int32_t rows, void *scratch);

/* Four pixels at a time, for shifts of [-31, -1]; weights: tile_fours.h. Scratch: 16 bytes, and 4
 * times the inputs of a window, or for `columns` all that up to 4 neighbouring windows see. The 1 x
 * 1 row's `out` may overlap spent input. */
void conv2d_s8_1x1_fours_mve(const struct conv2d_s8 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch);
void conv2d_s8_fours_mve(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                         int8_t *const *out_rows, int32_t rows, void *scratch);
void conv2d_s8_columns_mve(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                           int8_t *const *out_rows, int32_t rows, void *scratch);

/* The same for windows of at most 16 inputs; weights: tile_short.h. Scratch: none (1 x 1), or
 * 64 bytes. */
void conv2d_s8_1x1_short_mve(const struct conv2d_s8 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch);
void conv2d_s8_short_mve(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                         int8_t *const *out_rows, int32_t rows, void *scratch);

/* For cores that multiply one pair of 32 bits at a time, with long products (`scalar`) or without
 * (`thumb`: the instructions of Armv6-M). weights: int8 [out_channels, kernel_height, kernel_width,
 * in_channels]; sums below 2^29. Scratch: 4 or 2 times the inputs of a window. The 1 x 1 rows'
 * `out` may overlap spent input. */
void conv2d_s8_1x1_scalar(const struct conv2d_s8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                          void *scratch);
void conv2d_s8_scalar(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                      int8_t *const *out_rows, int32_t rows, void *scratch);
void conv2d_s8_1x1_thumb(const struct conv2d_s8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                         void *scratch);
void conv2d_s8_thumb(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                     int8_t *const *out_rows, int32_t rows, void *scratch);

/* For vectors of RISC-V, integers only (Zve32x), of any length; weights: ../tile_rvv/tile_rvv.h.
 * Scratch: 3 times the inputs of a window. The 1 x 1 row's `out` may overlap spent input. */
void conv2d_s8_1x1_rvv(const struct conv2d_s8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch);
void conv2d_s8_rvv(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                   int8_t *const *out_rows, int32_t rows, void *scratch);

/* In GNU C vectors, for computers; weights: conv2d_tile_simd.h, none of them -128. Scratch: 16
 * times the inputs of a window, rounded up to even. The 1 x 1 row's `out` may overlap spent
 * input. */
void conv2d_s8_1x1_simd(const struct conv2d_s8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                        void *scratch);
void conv2d_s8_simd(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                    int8_t *const *out_rows, int32_t rows, void *scratch);

/* int16 activations with zero points of 0, int8 weights:
 *
 *   out[y, x, o] = clamp(requantize_s16(bias[o] + sum_{i, j, c} w[o, i, j, c] * in[v, u, c]))
 *
 * with sums of 64 bits (`wide`), or of 32 bits that wrap around. */
struct conv2d_s16 {
  const void *weights;            /* layout: see each row */
  const int64_t *bias;            /* [out_channels] */
  const struct scale_s16 *scales; /* [out_channels] */
  int16_t in_width;
  int16_t in_channels;
  int16_t out_width;
  int16_t out_channels;
  int16_t kernel_height;
  int16_t kernel_width;
  int16_t stride_height;
  int16_t stride_width;
  int16_t dilation_height;
  int16_t dilation_width;
  int16_t pad_left;
  int16_t wide;
  int16_t out_min;
  int16_t out_max;
};

/* Any shape. weights: int8 [out_channels, kernel_height, kernel_width, in_channels]. No scratch. */
void conv2d_s16_portable(const struct conv2d_s16 *op, const int8_t *const *in_rows,
                         int8_t *const *out_rows, int32_t rows, void *scratch);

/* 1 x 1, stride 1: pixel style. weights: int8 [out_channels, in_channels]. No scratch; `out` may
 * not overlap `in`. */
void conv2d_s16_1x1_portable(const struct conv2d_s16 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch);

/* For the Armv7E-M DSP extension; weights, what they may be, and scratch: conv2d_tile_s16_dsp.h.
 * out_channels >= 2; the 1 x 1 row's `out` may overlap spent input. */
void conv2d_s16_1x1_dsp(const struct conv2d_s16 *op, const int8_t *in, int8_t *out, int32_t pixels,
                        void *scratch);
void conv2d_s16_dsp(const struct conv2d_s16 *op, const int8_t *const *in_rows,
                    int8_t *const *out_rows, int32_t rows, void *scratch);

/* The same with any sums, biases, scales and channels; weights: conv2d_tile_any_s16_dsp.h. */
void conv2d_s16_1x1_any_dsp(const struct conv2d_s16 *op, const int8_t *in, int8_t *out,
                            int32_t pixels, void *scratch);
void conv2d_s16_any_dsp(const struct conv2d_s16 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch);

#endif /* KERNELS_CONV2D_CONV2D_H_ */
