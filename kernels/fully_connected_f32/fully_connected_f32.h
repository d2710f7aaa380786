/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED, float32, and CONV_2D of 1 x 1 and stride 1:
 *
 *   out[p, o] = clamp(bias[o] + sum_i w[o, i] * in[p, i], out_min, out_max)
 */
#ifndef KERNELS_FULLY_CONNECTED_F32_FULLY_CONNECTED_F32_H_
#define KERNELS_FULLY_CONNECTED_F32_FULLY_CONNECTED_F32_H_

#include <stdint.h>

struct fully_connected_f32 {
  const float *weights; /* [blocks][inputs][8] */
  const float *bias;    /* [blocks][8] */
  float out_min;
  float out_max;
  int32_t inputs;
  int32_t outputs;
};

/* Any shape; eight outputs make a block, zeros fill the last one. No scratch. */
void fully_connected_f32_portable(const struct fully_connected_f32 *op, const int8_t *in,
                                  int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_FULLY_CONNECTED_F32_FULLY_CONNECTED_F32_H_ */
