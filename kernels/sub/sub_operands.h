/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_SUB_SUB_OPERANDS_H_
#define KERNELS_SUB_SUB_OPERANDS_H_

#include "../add/add_operands.h"
#include "sub.h"

static inline int8_t sub_values(const struct sub_s8 *op, int8_t first, int8_t second) {
  const struct add_s8 *sum = &op->sum;
  const int32_t difference =
      add_rescale_operand(&sum->first, first) - add_rescale_operand(&sum->second, second);
  const int32_t scaled = requantize(op->sign * difference, sum->out_multiplier, sum->out_shift);
  return clamp_s8(scaled + sum->out_zero_point, sum->out_min, sum->out_max);
}

#endif /* KERNELS_SUB_SUB_OPERANDS_H_ */
