/* SPDX-License-Identifier: Apache-2.0
 *
 * RELU, RELU6, LEAKY_RELU and ABS of int16 with zero points of 0:
 *
 *   y = in >= 0 ? requantize(in, multiplier, shift)
 *               : sign_after * requantize(sign_before * in, below_multiplier, below_shift)
 *   out = clamp(y, out_min, out_max)
 */
#ifndef KERNELS_RESCALE_RESCALE_H_
#define KERNELS_RESCALE_RESCALE_H_

#include <stdint.h>

struct rescale_s16 {
  int32_t multiplier;
  int32_t below_multiplier;
  int16_t shift;
  int16_t below_shift;
  int16_t sign_before; /* -1: of a magnitude */
  int16_t sign_after;  /* -1: of a negative slope */
  int16_t out_min;
  int16_t out_max;
  int32_t channels; /* values of a pixel */
};

/* No scratch; `out` may be `in`. */
void rescale_s16_portable(const struct rescale_s16 *op, const int8_t *in, int8_t *out,
                          int32_t pixels, void *scratch);

#endif /* KERNELS_RESCALE_RESCALE_H_ */
