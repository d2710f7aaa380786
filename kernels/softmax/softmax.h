/* SPDX-License-Identifier: Apache-2.0
 *
 * SOFTMAX over the last axis, int8, in the fixed-point arithmetic of TensorFlow Lite:
 *
 *   e[d] = exp(-beta * scale * d) in Q0.31 for the difference d to the row's maximum (a table; 0
 *          beyond its end)
 *   out[i] = e[d_i] / sum_j e[d_j] with scale 1/256 and zero point -128
 *
 * The reciprocal takes three Newton steps, each rounded as gemmlowp rounds.
 */
#ifndef KERNELS_SOFTMAX_SOFTMAX_H_
#define KERNELS_SOFTMAX_SOFTMAX_H_

#include <stdint.h>

#include "../common/requant.h"
#include "../common/values_s16.h"

struct softmax_s8 {
  const int32_t *exponentials; /* [entries] */
  int32_t entries;
  int32_t rows;
  int32_t depth;
};

/* Any shape. No scratch; `out` may be `in`. */
void softmax_s8_portable(const struct softmax_s8 *op, const int8_t *in, int8_t *out, void *scratch);

/* The same with an int16 output of scale 1/65536 and zero point -32768. `out` may not be `in`. */
void softmax_s8_s16_portable(const struct softmax_s8 *op, const int8_t *in, int8_t *out,
                             void *scratch);

/* int16 to int16 of scale 1/32768 and zero point 0: a difference d to the maximum of a row is
 * requantised to 65535 steps for 10, and exp(-d) and the reciprocal of the sum are lines between
 * two of 513 points in Q0.15. */
struct softmax_s16 {
  const int16_t *exponentials; /* [513], e^x from -10 to 0 */
  const int16_t *reciprocals;  /* [513], 1 / (1 + x) from 0 to 1 */
  int32_t multiplier;
  int32_t shift;
  int32_t rows;
  int32_t depth;
};

/* Any shape. No scratch; `out` may be `in`. */
void softmax_s16_portable(const struct softmax_s16 *op, const int8_t *in, int8_t *out,
                          void *scratch);

#endif /* KERNELS_SOFTMAX_SOFTMAX_H_ */
