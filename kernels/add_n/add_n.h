/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD_N, int8: the sum of several tensors of one scale and zero point, rescaled as ADD rescales.
 * It begins with a stored 0, which is what TensorFlow Lite Micro does.
 *
 *   out[i] = clamp(requantize(sum_n requantize((in_n[i] - in_zero_point) * 2^20, in_multiplier,
 *                                              in_shift), out_multiplier, out_shift)
 *                  + out_zero_point)
 */
#ifndef KERNELS_ADD_N_ADD_N_H_
#define KERNELS_ADD_N_ADD_N_H_

#include <stdint.h>

struct add_n_s8 {
  int32_t operands;
  int32_t channels; /* values of a "pixel" */
  int32_t in_multiplier;
  int32_t out_multiplier;
  int16_t in_shift;
  int16_t out_shift;
  int16_t in_zero_point;
  int16_t out_zero_point;
};

/* Any shape. No scratch. */
void add_n_s8_portable(const struct add_n_s8 *op, const int8_t *const *in, int8_t *out,
                       int32_t pixels, void *scratch);

#endif /* KERNELS_ADD_N_ADD_N_H_ */
