/* SPDX-License-Identifier: Apache-2.0
 *
 * LOG_SOFTMAX over the last axis, int8, in the fixed-point arithmetic of TensorFlow Lite:
 *
 *   out[i] = in[i] - max - log(sum_j e^(in[j] - max)) with scale 1/16 and zero point 127
 */
#ifndef KERNELS_LOG_SOFTMAX_LOG_SOFTMAX_H_
#define KERNELS_LOG_SOFTMAX_LOG_SOFTMAX_H_

#include <stdint.h>

struct log_softmax_s8 {
  const int32_t *exponentials; /* [entries]: e^-d in Q12.19 of the difference d to the maximum */
  int32_t entries;
  int32_t rows;
  int32_t depth;
  int32_t multiplier; /* of differences, to Q5.26 */
  int32_t shift;
  int32_t back_multiplier; /* and back */
  int32_t back_shift;
  int32_t least; /* differences from here on give the least value */
};

/* Any shape. No scratch; `out` may be `in`. */
void log_softmax_s8_portable(const struct log_softmax_s8 *op, const int8_t *in, int8_t *out,
                             void *scratch);

#endif /* KERNELS_LOG_SOFTMAX_LOG_SOFTMAX_H_ */
