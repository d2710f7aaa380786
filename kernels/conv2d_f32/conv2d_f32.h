/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D, float32, NHWC:
 *
 *   out[y, x, o] = clamp(bias[o] + sum_{i, j, c} w[o, i, j, c] * in[v, u, c], out_min, out_max)
 *              v = y * stride_height + i * dilation_height - pad_top
 *              u = x * stride_width + j * dilation_width - pad_left
 *
 * Taps outside the image are left out: rows outside it are NULL. Sums run in this order, so that
 * only the last bits differ from those of TensorFlow Lite.
 */
#ifndef KERNELS_CONV2D_F32_CONV2D_F32_H_
#define KERNELS_CONV2D_F32_CONV2D_F32_H_

#include <stdint.h>

struct conv2d_f32 {
  const float *weights; /* [blocks][kernel_height][kernel_width][in_channels][8] */
  const float *bias;    /* [blocks][8] */
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
};

/* Any shape; eight output channels make a block, zeros fill the last one. No scratch. */
void conv2d_f32_portable(const struct conv2d_f32 *op, const int8_t *const *in_rows,
                         int8_t *const *out_rows, int32_t rows, void *scratch);

#endif /* KERNELS_CONV2D_F32_CONV2D_F32_H_ */
