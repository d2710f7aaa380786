/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_SQUARED_DIFFERENCE_SQUARED_DIFFERENCE_OPERANDS_H_
#define KERNELS_SQUARED_DIFFERENCE_SQUARED_DIFFERENCE_OPERANDS_H_

#include "squared_difference.h"

static inline int32_t squared_difference_operand(const struct add_operand_s8 *operand,
                                                 int8_t value) {
  return requantize(((int32_t)value - operand->zero_point) * (1 << 7), operand->multiplier,
                    operand->shift);
}

static inline int8_t squared_difference_values(const struct add_s8 *op, int8_t first,
                                               int8_t second) {
  const int32_t difference = squared_difference_operand(&op->first, first) -
                             squared_difference_operand(&op->second, second);
  const int32_t scaled = requantize(difference * difference, op->out_multiplier, op->out_shift);
  return clamp_s8(scaled + op->out_zero_point, op->out_min, op->out_max);
}

#endif /* KERNELS_SQUARED_DIFFERENCE_SQUARED_DIFFERENCE_OPERANDS_H_ */
