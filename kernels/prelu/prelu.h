/* SPDX-License-Identifier: Apache-2.0
 *
 * PRELU, int8:
 *
 *   x = in[i] - zero_point
 *   y = x >= 0 ? requantize(x, multiplier, shift)
 *              : requantize(x * (alpha[i % period] - alpha_zero_point),
 *                           alpha_multiplier, alpha_shift)
 *   out[i] = saturate_int8(y + out_zero_point)
 */
#ifndef KERNELS_PRELU_PRELU_H_
#define KERNELS_PRELU_PRELU_H_

#include <stdint.h>

struct prelu_s8 {
  int32_t multiplier;
  int32_t alpha_multiplier;
  int32_t period; /* values of a "pixel": those of alpha */
  int16_t shift;
  int16_t alpha_shift;
  int16_t zero_point;
  int16_t alpha_zero_point;
  int16_t out_zero_point;
};

/* Any shape. No scratch; `out` may be `in`. */
void prelu_s8_portable(const struct prelu_s8 *op, const int8_t *in, const int8_t *alpha,
                       int8_t *out, int32_t pixels, void *scratch);

/* int16 with zero points of 0, alpha int8. No scratch; `out` may be `in`. */
void prelu_s16_portable(const struct prelu_s8 *op, const int8_t *in, const int8_t *alpha,
                        int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_PRELU_PRELU_H_ */
