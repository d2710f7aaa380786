/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_ADD_ADD_OPERANDS_H_
#define KERNELS_ADD_ADD_OPERANDS_H_

#include "add.h"

static inline int32_t add_rescale_operand(const struct add_operand_s8 *operand, int8_t value) {
  return requantize(((int32_t)value - operand->zero_point) * (1 << 20), operand->multiplier,
                    operand->shift);
}

static inline int8_t add_values(const struct add_s8 *op, int8_t first, int8_t second) {
  const int32_t sum =
      add_rescale_operand(&op->first, first) + add_rescale_operand(&op->second, second);
  const int32_t scaled = requantize(sum, op->out_multiplier, op->out_shift) + op->out_zero_point;
  return clamp_s8(scaled, op->out_min, op->out_max);
}

#endif /* KERNELS_ADD_ADD_OPERANDS_H_ */
