/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators on two float32 tensors, value by value:
 *
 *   out[i] = clamp(f(first[i], second[i]), out_min, out_max)
 *
 * A "pixel" is `period` values. One operand, `full`, has the output's size; the other one has it
 * too, or is one pixel that repeats.
 */
#ifndef KERNELS_PAIRS_F32_PAIRS_F32_H_
#define KERNELS_PAIRS_F32_PAIRS_F32_H_

#include <stdint.h>

struct pairs_f32 {
  int32_t period;
  int32_t other_step; /* values from pixel to pixel of `other`: period, or 0 */
  int32_t swapped;    /* `full` is the second operand of f */
  float out_min;
  float out_max;
};

/* Any shape. No scratch; `out` may be `full`, and `other` where that does not repeat. */
void add_f32_portable(const struct pairs_f32 *op, const int8_t *full, const int8_t *other,
                      int8_t *out, int32_t pixels, void *scratch);
void sub_f32_portable(const struct pairs_f32 *op, const int8_t *full, const int8_t *other,
                      int8_t *out, int32_t pixels, void *scratch);
void mul_f32_portable(const struct pairs_f32 *op, const int8_t *full, const int8_t *other,
                      int8_t *out, int32_t pixels, void *scratch);
void div_f32_portable(const struct pairs_f32 *op, const int8_t *full, const int8_t *other,
                      int8_t *out, int32_t pixels, void *scratch);
void maximum_f32_portable(const struct pairs_f32 *op, const int8_t *full, const int8_t *other,
                          int8_t *out, int32_t pixels, void *scratch);
void minimum_f32_portable(const struct pairs_f32 *op, const int8_t *full, const int8_t *other,
                          int8_t *out, int32_t pixels, void *scratch);
void squared_difference_f32_portable(const struct pairs_f32 *op, const int8_t *full,
                                     const int8_t *other, int8_t *out, int32_t pixels,
                                     void *scratch);
void floor_div_f32_portable(const struct pairs_f32 *op, const int8_t *full, const int8_t *other,
                            int8_t *out, int32_t pixels, void *scratch);
void floor_mod_f32_portable(const struct pairs_f32 *op, const int8_t *full, const int8_t *other,
                            int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_PAIRS_F32_PAIRS_F32_H_ */
