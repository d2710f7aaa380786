/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_SQUARED_DIFFERENCE_SQUARED_DIFFERENCE_OPERANDS_S16_H_
#define KERNELS_SQUARED_DIFFERENCE_SQUARED_DIFFERENCE_OPERANDS_S16_H_

#include "../add/add_operands_s16.h"
#include "squared_difference.h"

static inline int16_t squared_difference_values_s16(const struct add_s8 *op, int16_t first,
                                                    int16_t second) {
  const int32_t difference =
      add_rescale_s16(&op->first, first, 0) - add_rescale_s16(&op->second, second, 0);
  return add_finish_s16(op, difference * difference);
}

#endif /* KERNELS_SQUARED_DIFFERENCE_SQUARED_DIFFERENCE_OPERANDS_S16_H_ */
