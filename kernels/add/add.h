/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD, int8, with the rescaling of TensorFlow Lite:
 *
 *   a = requantize((first[i] - first.zero_point) * 2^20, first.multiplier, first.shift)
 *   b = requantize((second[i % period] - second.zero_point) * 2^20, second.multiplier,
 *                  second.shift)
 *   out[i] = clamp(requantize(a + b, out_multiplier, out_shift) + out_zero_point, out_min, out_max)
 *
 * A "pixel" is `period` values: the channels of a pixel, or whatever the second operand repeats
 * after.
 */
#ifndef KERNELS_ADD_ADD_H_
#define KERNELS_ADD_ADD_H_

#include <stdint.h>

#include "../common/requant.h"
#include "../common/values_s16.h"

struct add_operand_s8 {
  int32_t multiplier;
  int16_t shift;
  int16_t zero_point;
};

struct add_s8 {
  struct add_operand_s8 first;
  struct add_operand_s8 second;
  int32_t out_multiplier;
  int16_t out_shift;
  int16_t out_zero_point;
  int16_t out_min;
  int16_t out_max;
  int32_t period;
};

/* Two operands of the same shape. No scratch; `out` may be either operand. */
void add_s8_portable(const struct add_s8 *op, const int8_t *first, const int8_t *second,
                     int8_t *out, int32_t pixels, void *scratch);

/* The second operand is one pixel that repeats. No scratch; `out` may be `first`. */
void add_broadcast_s8_portable(const struct add_s8 *op, const int8_t *first, const int8_t *second,
                               int8_t *out, int32_t pixels, void *scratch);

/* The same sum where one linear form gives it for every pair of values:
 *   out[i] = saturate_int8((constant + first_factor * first[i] + second_factor * second[i]) >> 22)
 */
struct add_linear_s8 {
  int32_t first_factor;
  int32_t second_factor;
  int32_t constant;
  int32_t period;
};

/* For the Armv7E-M DSP extension; contract in its file. `out` may be either operand. */
void add_s8_dsp(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
                int8_t *out, int32_t pixels, void *scratch);

/* The same for Cortex-M55 with Helium. */
void add_s8_mve(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
                int8_t *out, int32_t pixels, void *scratch);

/* For the DSP extension, with a second operand of one pixel that repeats. `out` may be `first`. */
void add_broadcast_s8_dsp(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
                          int8_t *out, int32_t pixels, void *scratch);

/* In C, for cores that multiply one pair of 32 bits at a time; `out` as there. */
void add_s8_scalar(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
                   int8_t *out, int32_t pixels, void *scratch);
void add_broadcast_s8_scalar(const struct add_linear_s8 *op, const int8_t *first,
                             const int8_t *second, int8_t *out, int32_t pixels, void *scratch);

/* For vectors of RISC-V, integers only (Zve32x), of any length; `out` as there. */
void add_s8_rvv(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
                int8_t *out, int32_t pixels, void *scratch);
void add_broadcast_s8_rvv(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
                          int8_t *out, int32_t pixels, void *scratch);

/* In GNU C vectors, for computers. `out` may be either operand. */
void add_s8_simd(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
                 int8_t *out, int32_t pixels, void *scratch);

/* The same with any scales and clamp; `out` as there. */
void add_s8_any_dsp(const struct add_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                    int32_t pixels, void *scratch);
void add_broadcast_s8_any_dsp(const struct add_s8 *op, const int8_t *first, const int8_t *second,
                              int8_t *out, int32_t pixels, void *scratch);

/* int16 with zero points of 0: the same from 2^15 instead of 2^20. `out` as there. */
void add_s16_portable(const struct add_s8 *op, const int8_t *first, const int8_t *second,
                      int8_t *out, int32_t pixels, void *scratch);
void add_broadcast_s16_portable(const struct add_s8 *op, const int8_t *first, const int8_t *second,
                                int8_t *out, int32_t pixels, void *scratch);

/* For the Armv7E-M DSP extension; contracts in add_run_s16_dsp.h. `out` as there. */
void add_s16_dsp(const struct add_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                 int32_t pixels, void *scratch);
void add_broadcast_s16_dsp(const struct add_s8 *op, const int8_t *first, const int8_t *second,
                           int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_ADD_ADD_H_ */
