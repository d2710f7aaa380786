/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_MUL_MUL_OPERANDS_S16_H_
#define KERNELS_MUL_MUL_OPERANDS_S16_H_

#include "mul.h"

static inline int16_t mul_values_s16(const struct mul_s8 *op, int16_t first, int16_t second) {
  const int32_t product = (int32_t)first * (int32_t)second;
  return clamp_s16(requantize(product, op->multiplier, op->shift), op->out_min, op->out_max);
}

#endif /* KERNELS_MUL_MUL_OPERANDS_S16_H_ */
