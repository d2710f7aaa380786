/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D, int8, NHWC, weights per channel quantised [kernel_height, kernel_width,
 * out_channels]:
 *
 *   acc[y, x, o] = bias[o] + sum_{i, j} w[i, j, o] * in[v, u, o / depth_multiplier]
 *              v = y * stride_height + i * dilation_height - pad_top
 *              u = x * stride_width + j * dilation_width - pad_left
 *   out[y, x, o] = clamp(requantize(acc, multiplier[o], shift[o]) + out_zero_point, out_min,
 *                        out_max)
 *
 * Taps outside the image read in_zero_point; -in_zero_point * sum(w) is already in `bias`.
 */
#ifndef KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_CONV2D_H_
#define KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_CONV2D_H_

#include <stdint.h>

#include "../common/requant.h"
#include "../common/values_s16.h"

struct depthwise_conv2d_s8 {
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
  int16_t depth_multiplier; /* out_channels / in_channels */
  int16_t in_zero_point;
  int16_t out_zero_point;
  int16_t out_min;
  int16_t out_max;
  int16_t chunk_rows; /* scratch is for so many rows (3x3_dsp) */
};

/* Any shape. weights: int8 [kernel_height, kernel_width, out_channels]. No scratch. */
void depthwise_conv2d_s8_portable(const struct depthwise_conv2d_s8 *op,
                                  const int8_t *const *in_rows, int8_t *const *out_rows,
                                  int32_t rows, void *scratch);

/* Multiplier 1, at least 4 channels, for the Armv7E-M DSP extension. Contract, scratch and weight
 * stream: in its file. */
void depthwise_conv2d_s8_dsp(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                             int8_t *const *out_rows, int32_t rows, void *scratch);

/* The same without dilation, for one size of window; s2: strides 2. Output rows may lie over input
 * rows of the same call. */
void depthwise_conv2d_s8_3x3_dsp(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                                 int8_t *const *out_rows, int32_t rows, void *scratch);
void depthwise_conv2d_s8_3x3s2_dsp(const struct depthwise_conv2d_s8 *op,
                                   const int8_t *const *in_rows, int8_t *const *out_rows,
                                   int32_t rows, void *scratch);
void depthwise_conv2d_s8_5x5_dsp(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                                 int8_t *const *out_rows, int32_t rows, void *scratch);
void depthwise_conv2d_s8_5x5s2_dsp(const struct depthwise_conv2d_s8 *op,
                                   const int8_t *const *in_rows, int8_t *const *out_rows,
                                   int32_t rows, void *scratch);
void depthwise_conv2d_s8_7x7_dsp(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                                 int8_t *const *out_rows, int32_t rows, void *scratch);
void depthwise_conv2d_s8_7x7s2_dsp(const struct depthwise_conv2d_s8 *op,
                                   const int8_t *const *in_rows, int8_t *const *out_rows,
                                   int32_t rows, void *scratch);

/* Those of any scale and bias. */
void depthwise_conv2d_s8_3x3_any_dsp(const struct depthwise_conv2d_s8 *op,
                                     const int8_t *const *in_rows, int8_t *const *out_rows,
                                     int32_t rows, void *scratch);
void depthwise_conv2d_s8_3x3s2_any_dsp(const struct depthwise_conv2d_s8 *op,
                                       const int8_t *const *in_rows, int8_t *const *out_rows,
                                       int32_t rows, void *scratch);
void depthwise_conv2d_s8_5x5_any_dsp(const struct depthwise_conv2d_s8 *op,
                                     const int8_t *const *in_rows, int8_t *const *out_rows,
                                     int32_t rows, void *scratch);
void depthwise_conv2d_s8_5x5s2_any_dsp(const struct depthwise_conv2d_s8 *op,
                                       const int8_t *const *in_rows, int8_t *const *out_rows,
                                       int32_t rows, void *scratch);
void depthwise_conv2d_s8_7x7_any_dsp(const struct depthwise_conv2d_s8 *op,
                                     const int8_t *const *in_rows, int8_t *const *out_rows,
                                     int32_t rows, void *scratch);
void depthwise_conv2d_s8_7x7s2_any_dsp(const struct depthwise_conv2d_s8 *op,
                                       const int8_t *const *in_rows, int8_t *const *out_rows,
                                       int32_t rows, void *scratch);

/* Multiplier 1, for Cortex-M55 with Helium; no shift to the left but in the `any` row. Contract,
 * scratch and weight stream: depthwise_mve.inc. Output rows may lie over input rows of the same
 * call. */
void depthwise_conv2d_s8_mve(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                             int8_t *const *out_rows, int32_t rows, void *scratch);

void depthwise_conv2d_s8_any_mve(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                                 int8_t *const *out_rows, int32_t rows, void *scratch);

/* The same channel by channel: windows of up to 8 x 8, strides across of 1 or 2, no dilation, any
 * weights. Contract, scratch and weight stream: in its file. */
void depthwise_conv2d_s8_planes_mve(const struct depthwise_conv2d_s8 *op,
                                    const int8_t *const *in_rows, int8_t *const *out_rows,
                                    int32_t rows, void *scratch);

/* The same for 3 x 3 windows and strides of 1 or 2 in both directions: an even number of
 * channels; scales below one half; over input rows with strides of 1 only. Contract, scratch and
 * weight stream: in its file. */
void depthwise_conv2d_s8_3x3_mve(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                                 int8_t *const *out_rows, int32_t rows, void *scratch);

/* The same pixel by pixel: channels in multiples of 8; output rows may not lie over input rows.
 * Contract, scratch and weight stream: in its file. */
void depthwise_conv2d_s8_taps_mve(const struct depthwise_conv2d_s8 *op,
                                  const int8_t *const *in_rows, int8_t *const *out_rows,
                                  int32_t rows, void *scratch);

/* For cores that multiply one pair of 32 bits at a time, with long products (`scalar`) or without
 * (`thumb`: the instructions of Armv6-M): 3 x 3 with strides across of 1 or 2, no dilation and
 * multiplier 1. weights: int8 [out_channels, 9]; sums below 2^29. Output rows may lie over input
 * rows of the same call. Scratch: depthwise_3x3_scalar.h, depthwise_conv2d_s8_3x3_thumb.c. */
void depthwise_conv2d_s8_3x3_scalar(const struct depthwise_conv2d_s8 *op,
                                    const int8_t *const *in_rows, int8_t *const *out_rows,
                                    int32_t rows, void *scratch);
void depthwise_conv2d_s8_3x3_thumb(const struct depthwise_conv2d_s8 *op,
                                   const int8_t *const *in_rows, int8_t *const *out_rows,
                                   int32_t rows, void *scratch);

/* Multiplier 1, for vectors of RISC-V, integers only (Zve32x), of any length. Weight stream and
 * scratch in its file. Output rows may lie over input rows of the same call. */
void depthwise_conv2d_s8_rvv(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                             int8_t *const *out_rows, int32_t rows, void *scratch);

/* Multiplier 1, no weight of -128, in GNU C vectors, for computers: weight stream and scratch in
 * its file. */
void depthwise_conv2d_s8_simd(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                              int8_t *const *out_rows, int32_t rows, void *scratch);

/* int16 activations with zero points of 0, int8 weights; sums as in ../conv2d/conv2d.h. */
struct depthwise_conv2d_s16 {
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
  int16_t depth_multiplier; /* out_channels / in_channels */
  int16_t wide;
  int16_t out_min;
  int16_t out_max;
};

/* Any shape. weights: int8 [kernel_height, kernel_width, out_channels]. No scratch. */
void depthwise_conv2d_s16_portable(const struct depthwise_conv2d_s16 *op,
                                   const int8_t *const *in_rows, int8_t *const *out_rows,
                                   int32_t rows, void *scratch);

/* Multiplier 1, at least 2 channels, for the Armv7E-M DSP extension. Contract, scratch and weight
 * stream: in its file. */
void depthwise_conv2d_s16_dsp(const struct depthwise_conv2d_s16 *op, const int8_t *const *in_rows,
                              int8_t *const *out_rows, int32_t rows, void *scratch);

/* The same with any sums, biases and scales; at most 508 taps. */
void depthwise_conv2d_s16_any_dsp(const struct depthwise_conv2d_s16 *op,
                                  const int8_t *const *in_rows, int8_t *const *out_rows,
                                  int32_t rows, void *scratch);

#endif /* KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_CONV2D_H_ */
