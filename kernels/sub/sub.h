/* SPDX-License-Identifier: Apache-2.0
 *
 * SUB, int8: ADD's rescaling of both operands (see add.h), then
 *
 *   out[i] = clamp(requantize(sign * (a - b), out_multiplier, out_shift) + out_zero_point,
 *                  out_min, out_max)
 *
 * Where one linear form gives the result, the kernels of ADD are used with a negative factor.
 */
#ifndef KERNELS_SUB_SUB_H_
#define KERNELS_SUB_SUB_H_

#include <stdint.h>

#include "../add/add.h"

struct sub_s8 {
  struct add_s8 sum;
  int32_t sign; /* -1 where the operand that repeats, and comes second here, is the minuend */
};

/* Two operands of the same shape. No scratch; `out` may be either operand. */
void sub_s8_portable(const struct sub_s8 *op, const int8_t *first, const int8_t *second,
                     int8_t *out, int32_t pixels, void *scratch);

/* The second operand is one pixel that repeats. No scratch; `out` may be `first`. */
void sub_broadcast_s8_portable(const struct sub_s8 *op, const int8_t *first, const int8_t *second,
                               int8_t *out, int32_t pixels, void *scratch);

/* The same with any scales and clamp, for the Armv7E-M DSP extension; `out` as there. */
void sub_s8_any_dsp(const struct sub_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                    int32_t pixels, void *scratch);
void sub_broadcast_s8_any_dsp(const struct sub_s8 *op, const int8_t *first, const int8_t *second,
                              int8_t *out, int32_t pixels, void *scratch);

/* int16 with zero points of 0: the same from 2^15 instead of 2^20. `out` as there. */
void sub_s16_portable(const struct sub_s8 *op, const int8_t *first, const int8_t *second,
                      int8_t *out, int32_t pixels, void *scratch);
void sub_broadcast_s16_portable(const struct sub_s8 *op, const int8_t *first, const int8_t *second,
                                int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_SUB_SUB_H_ */
