/* SPDX-License-Identifier: Apache-2.0
 *
 * MUL, int8:
 *
 *   product = (first[i] - first_zero_point) * (second[i % period] - second_zero_point)
 *   out[i] = clamp(requantize(product, multiplier, shift) + out_zero_point, out_min, out_max)
 *
 * A "pixel" is `period` values: the channels of a pixel, or whatever the second operand repeats
 * after.
 */
#ifndef KERNELS_MUL_MUL_H_
#define KERNELS_MUL_MUL_H_

#include <stdint.h>

#include "../common/requant.h"
#include "../common/values_s16.h"

struct mul_s8 {
  int32_t multiplier;
  int32_t period;
  int16_t shift;
  int16_t first_zero_point;
  int16_t second_zero_point;
  int16_t out_zero_point;
  int16_t out_min;
  int16_t out_max;
};

/* Two operands of the same shape. No scratch; `out` may be either operand. */
void mul_s8_portable(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
                     int8_t *out, int32_t pixels, void *scratch);

/* The second operand is one pixel that repeats (squeeze and excite). No scratch; `out` may be
 * `first`. */
void mul_broadcast_s8_portable(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
                               int8_t *out, int32_t pixels, void *scratch);

/* For the Armv7E-M DSP extension; contracts in their files. */
void mul_s8_dsp(const struct mul_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                int32_t pixels, void *scratch);
void mul_broadcast_s8_dsp(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
                          int8_t *out, int32_t pixels, void *scratch);

/* The same with any scale and clamp; `out` as there. */
void mul_s8_any_dsp(const struct mul_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                    int32_t pixels, void *scratch);
void mul_broadcast_s8_any_dsp(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
                              int8_t *out, int32_t pixels, void *scratch);

/* For vectors of RISC-V, integers only (Zve32x), of any length; `out` as there. */
void mul_s8_rvv(const struct mul_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                int32_t pixels, void *scratch);
void mul_broadcast_s8_rvv(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
                          int8_t *out, int32_t pixels, void *scratch);

/* int16 with zero points of 0. `out` as there. */
void mul_s16_portable(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
                      int8_t *out, int32_t pixels, void *scratch);
void mul_broadcast_s16_portable(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
                                int8_t *out, int32_t pixels, void *scratch);

/* For the Armv7E-M DSP extension; contracts in mul_run_s16_dsp.h. `out` as there. */
void mul_s16_dsp(const struct mul_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                 int32_t pixels, void *scratch);
void mul_broadcast_s16_dsp(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
                           int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_MUL_MUL_H_ */
