/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_PAIRS_F32_PAIRS_LOOP_H_
#define KERNELS_PAIRS_F32_PAIRS_LOOP_H_

#include "../common/real.h"
#include "pairs_f32.h"

/* The body of a kernel whose value is an expression of `first` and `second`. */
#define PAIRS_LOOP(expression)                                        \
  (void)scratch;                                                      \
  const float *values = reals(full);                                  \
  const float *others = reals(other);                                 \
  float *results = reals_out(out);                                    \
  for (int32_t p = 0; p < pixels; p++) {                              \
    for (int32_t i = 0; i < op->period; i++) {                        \
      const float first = op->swapped ? others[i] : values[i];        \
      const float second = op->swapped ? values[i] : others[i];       \
      results[i] = clamp_f32((expression), op->out_min, op->out_max); \
    }                                                                 \
    values += op->period;                                             \
    others += op->other_step;                                         \
    results += op->period;                                            \
  }

#endif /* KERNELS_PAIRS_F32_PAIRS_LOOP_H_ */
