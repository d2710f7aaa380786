/* SPDX-License-Identifier: Apache-2.0
 *
 * LOGISTIC and TANH of int16 as TensorFlow Lite computes them: a line between two of 256 points of
 * the logistic curve, sigma(i / 24) in Q0.16. tanh(x) = 2 sigma(2 x) - 1 has the same points.
 *
 *   x = (in * multiplier + 2^(shift - 1)) >> shift, in steps of 1 / (3 * 4096)
 *
 * Beyond the last point the curves are flat.
 */
#ifndef KERNELS_CURVES_CURVES_H_
#define KERNELS_CURVES_CURVES_H_

#include <stdint.h>

struct curve_s16 {
  const uint16_t *points; /* [256] */
  int32_t multiplier;
  int32_t shift;    /* 0: without rounding */
  int32_t channels; /* values of a pixel */
};

/* No scratch; `out` may be `in`. */
void logistic_s16_portable(const struct curve_s16 *op, const int8_t *in, int8_t *out,
                           int32_t pixels, void *scratch);
void tanh_s16_portable(const struct curve_s16 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch);

#endif /* KERNELS_CURVES_CURVES_H_ */
