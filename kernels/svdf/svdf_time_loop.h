/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_SVDF_SVDF_TIME_LOOP_H_
#define KERNELS_SVDF_SVDF_TIME_LOOP_H_

#include "../common/requant.h"
#include "svdf.h"

/* A unit's sum, unsigned as TF-Lite Micro's may wrap around, as the output shows it. */
static inline int8_t svdf_finished(const struct svdf_time *op, uint32_t sum) {
  const int32_t scaled = requantize((int32_t)sum, op->multiplier, op->shift);
  return clamp_s8(scaled + op->zero_point, INT8_MIN, INT8_MAX);
}

/* The body of a kernel: `values` are the state's, weights an array of `type`. */
#define SVDF_TIME_LOOP(op, type, values, out)                        \
  for (int32_t n = 0; n < (op)->batches; n++) {                      \
    const type *weights = (op)->weights;                             \
    for (int32_t u = 0; u < (op)->units; u++) {                      \
      uint32_t sum = (uint32_t)(op)->bias[u];                        \
      for (int32_t k = 0; k < (op)->length; k++) {                   \
        sum += (uint32_t)((int32_t)values[k] * (int32_t)weights[k]); \
      }                                                              \
      values += (op)->length;                                        \
      weights += (op)->length;                                       \
      *(out)++ = svdf_finished((op), sum);                           \
    }                                                                \
  }

#endif /* KERNELS_SVDF_SVDF_TIME_LOOP_H_ */
