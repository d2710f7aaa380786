/* SPDX-License-Identifier: Apache-2.0
 *
 * SQUARED_DIFFERENCE, int8. Both operands are rescaled as for ADD (see add.h), but from 2^7, so
 * that the square of their difference fits into 32 bits:
 *
 *   out[i] = clamp(requantize((a - b)^2, out_multiplier, out_shift) + out_zero_point,
 *                  out_min, out_max)
 */
#ifndef KERNELS_SQUARED_DIFFERENCE_SQUARED_DIFFERENCE_H_
#define KERNELS_SQUARED_DIFFERENCE_SQUARED_DIFFERENCE_H_

#include <stdint.h>

#include "../add/add.h"

/* Two operands of the same shape. No scratch; `out` may be either operand. */
void squared_difference_s8_portable(const struct add_s8 *op, const int8_t *first,
                                    const int8_t *second, int8_t *out, int32_t pixels,
                                    void *scratch);

/* The second operand is one pixel that repeats. No scratch; `out` may be `first`. */
void squared_difference_broadcast_s8_portable(const struct add_s8 *op, const int8_t *first,
                                              const int8_t *second, int8_t *out, int32_t pixels,
                                              void *scratch);

/* int16 with zero points of 0: the same from 2^0. `out` as there. */
void squared_difference_s16_portable(const struct add_s8 *op, const int8_t *first,
                                     const int8_t *second, int8_t *out, int32_t pixels,
                                     void *scratch);
void squared_difference_broadcast_s16_portable(const struct add_s8 *op, const int8_t *first,
                                               const int8_t *second, int8_t *out, int32_t pixels,
                                               void *scratch);

#endif /* KERNELS_SQUARED_DIFFERENCE_SQUARED_DIFFERENCE_H_ */
