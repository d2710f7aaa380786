/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D, float32, NHWC:
 *
 *   out[y, x, o] = clamp(bias[o] + sum_{i, j} w[i, j, o] * in[v, u, o / depth_multiplier],
 *                        out_min, out_max)
 *              v = y * stride_height + i * dilation_height - pad_top
 *              u = x * stride_width + j * dilation_width - pad_left
 *
 * Taps outside the image are left out: rows outside it are NULL.
 */
#ifndef KERNELS_DEPTHWISE_CONV2D_F32_DEPTHWISE_CONV2D_F32_H_
#define KERNELS_DEPTHWISE_CONV2D_F32_DEPTHWISE_CONV2D_F32_H_

#include <stdint.h>

struct depthwise_conv2d_f32 {
  const float *weights; /* [kernel_height][kernel_width][out_channels] */
  const float *bias;    /* [out_channels] */
  float out_min;
  float out_max;
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
  int16_t depth_multiplier;
};

/* Any shape. No scratch. */
void depthwise_conv2d_f32_portable(const struct depthwise_conv2d_f32 *op,
                                   const int8_t *const *in_rows, int8_t *const *out_rows,
                                   int32_t rows, void *scratch);

#endif /* KERNELS_DEPTHWISE_CONV2D_F32_DEPTHWISE_CONV2D_F32_H_ */
