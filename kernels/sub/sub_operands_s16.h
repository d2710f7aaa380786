/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_SUB_SUB_OPERANDS_S16_H_
#define KERNELS_SUB_SUB_OPERANDS_S16_H_

#include "../add/add_operands_s16.h"
#include "sub.h"

static inline int16_t sub_values_s16(const struct sub_s8 *op, int16_t first, int16_t second) {
  const int32_t a = add_rescale_s16(&op->sum.first, first, 15);
  const int32_t b = add_rescale_s16(&op->sum.second, second, 15);
  return add_finish_s16(&op->sum, op->sign * (a - b));
}

#endif /* KERNELS_SUB_SUB_OPERANDS_S16_H_ */
