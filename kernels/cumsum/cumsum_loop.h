/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_CUMSUM_CUMSUM_LOOP_H_
#define KERNELS_CUMSUM_CUMSUM_LOOP_H_

#include "cumsum.h"

/* Where value n of a sum lies. */
static inline int32_t cumsum_place(const struct cumsum *op, int32_t n) {
  return (op->reverse ? op->count - 1 - n : n) * op->inner;
}

/* The body of a kernel: sums of `type` from `start`, each `value` of in[at] added, and put to
 * out[at] as `result`. */
#define CUMSUM_LOOP(axis, type, start, value, result)                                       \
  (void)scratch;                                                                            \
  for (int32_t o = 0; o < (axis)->outer; o++) {                                             \
    for (int32_t i = 0; i < (axis)->inner; i++) {                                           \
      type sum = (start);                                                                   \
      for (int32_t n = 0; n < (axis)->count; n++) {                                         \
        const int32_t at = o * (axis)->count * (axis)->inner + i + cumsum_place((axis), n); \
        const type before = sum;                                                            \
        sum = (type)(sum + (value));                                                        \
        const type kept = (axis)->exclusive ? before : sum;                                 \
        result;                                                                             \
      }                                                                                     \
    }                                                                                       \
  }

#endif /* KERNELS_CUMSUM_CUMSUM_LOOP_H_ */
