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

struct softmax_s8 {
  const int32_t *exponentials; /* [entries] */
  int32_t entries;
  int32_t rows;
  int32_t depth;
};

/* Any shape. No scratch; `out` may be `in`. */
void softmax_s8_portable(const struct softmax_s8 *op, const int8_t *in, int8_t *out, void *scratch);

#endif /* KERNELS_SOFTMAX_SOFTMAX_H_ */
