/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of values of an ADD that is one linear form.
 */
#ifndef KERNELS_ADD_ADD_LINEAR_SCALAR_H_
#define KERNELS_ADD_ADD_LINEAR_SCALAR_H_

#include "add.h"

#define SHIFT 22

/* `out` may be either operand. */
static inline void add_run(const struct add_linear_s8 *op, const int8_t *first,
                           const int8_t *second, int8_t *out, int32_t count) {
  const int32_t first_factor = op->first_factor, second_factor = op->second_factor;
  const int32_t constant = op->constant;
  for (int32_t i = 0; i < count; i++) {
    const int32_t sum = (constant + first_factor * first[i] + second_factor * second[i]) >> SHIFT;
    out[i] = clamp_s8(sum, INT8_MIN, INT8_MAX);
  }
}

#endif /* KERNELS_ADD_ADD_LINEAR_SCALAR_H_ */
