/* SPDX-License-Identifier: Apache-2.0
 *
 * AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D, float32, NHWC. Taps outside the image do not count:
 * rows outside it are NULL.
 *
 *   average: clamp(sum / count, out_min, out_max)
 *   L2:      clamp(sqrt(sum of squares / count), out_min, out_max)
 */
#ifndef KERNELS_POOL2D_F32_POOL2D_F32_H_
#define KERNELS_POOL2D_F32_POOL2D_F32_H_

#include <stdint.h>

struct pool2d_f32 {
  float out_min;
  float out_max;
  int16_t in_width;
  int16_t out_width;
  int16_t channels;
  int16_t kernel_height;
  int16_t kernel_width;
  int16_t stride_height;
  int16_t stride_width;
  int16_t pad_left;
};

/* Any shape. No scratch. */
void average_pool_2d_f32_portable(const struct pool2d_f32 *op, const int8_t *const *in_rows,
                                  int8_t *const *out_rows, int32_t rows, void *scratch);
void max_pool_2d_f32_portable(const struct pool2d_f32 *op, const int8_t *const *in_rows,
                              int8_t *const *out_rows, int32_t rows, void *scratch);
void l2_pool_2d_f32_portable(const struct pool2d_f32 *op, const int8_t *const *in_rows,
                             int8_t *const *out_rows, int32_t rows, void *scratch);

#endif /* KERNELS_POOL2D_F32_POOL2D_F32_H_ */
