/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_COMPARE_COMPARE_LOOP_H_
#define KERNELS_COMPARE_COMPARE_LOOP_H_

#include "compare.h"

/* The body of a kernel on values of a type; `first` and `second` may be conversions. */
#define COMPARE_LOOP(type, first, second)                   \
  (void)scratch;                                            \
  const type *values = (const type *)(const void *)full;    \
  const type *others = (const type *)(const void *)other;   \
  for (int32_t p = 0; p < pixels; p++) {                    \
    for (int32_t i = 0; i < op->period; i++) {              \
      const type a = first;                                 \
      const type b = second;                                \
      const int32_t relation = a < b    ? COMPARE_LESS      \
                               : a == b ? COMPARE_EQUAL     \
                               : a > b  ? COMPARE_GREATER   \
                                        : COMPARE_UNORDERED; \
      *out++ = (op->relations & relation) != 0;             \
    }                                                       \
    values += op->period;                                   \
    others += op->other_step;                               \
  }

#endif /* KERNELS_COMPARE_COMPARE_LOOP_H_ */
