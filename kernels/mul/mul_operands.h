/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_MUL_MUL_OPERANDS_H_
#define KERNELS_MUL_MUL_OPERANDS_H_

#include "mul.h"

static inline int8_t mul_values(const struct mul_s8 *op, int8_t first, int8_t second) {
  const int32_t product =
      ((int32_t)first - op->first_zero_point) * ((int32_t)second - op->second_zero_point);
  return clamp_s8(requantize(product, op->multiplier, op->shift) + op->out_zero_point, op->out_min,
                  op->out_max);
}

#endif /* KERNELS_MUL_MUL_OPERANDS_H_ */
