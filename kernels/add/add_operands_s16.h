/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_ADD_ADD_OPERANDS_S16_H_
#define KERNELS_ADD_ADD_OPERANDS_S16_H_

#include "add.h"

/* An operand in steps of 2^-15 of the larger scale, times 2^`left`. */
static inline int32_t add_rescale_s16(const struct add_operand_s8 *operand, int16_t value,
                                      int32_t left) {
  return requantize((int32_t)value * (1 << left), operand->multiplier, operand->shift);
}

static inline int16_t add_finish_s16(const struct add_s8 *op, int32_t sum) {
  return clamp_s16(requantize(sum, op->out_multiplier, op->out_shift), op->out_min, op->out_max);
}

static inline int16_t add_values_s16(const struct add_s8 *op, int16_t first, int16_t second) {
  const int32_t a = add_rescale_s16(&op->first, first, 15);
  return add_finish_s16(op, a + add_rescale_s16(&op->second, second, 15));
}

#endif /* KERNELS_ADD_ADD_OPERANDS_S16_H_ */
