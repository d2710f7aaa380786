/* SPDX-License-Identifier: Apache-2.0
 *
 * EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER and GREATER_EQUAL: out[i] is 1 where the relation of
 * first[i] and second[i] is one of `relations`, else 0. int8 values are brought to a scale of 2^-8
 * first, as TensorFlow Lite does.
 */
#ifndef KERNELS_COMPARE_COMPARE_H_
#define KERNELS_COMPARE_COMPARE_H_

#include <stdint.h>

#define COMPARE_LESS 1
#define COMPARE_EQUAL 2
#define COMPARE_GREATER 4
#define COMPARE_UNORDERED 8 /* one of the two is NaN */

struct compare_operand {
  int32_t multiplier;
  int16_t shift;
  int16_t zero_point;
};

struct compare {
  int32_t relations;
  int32_t period;     /* values of a "pixel" */
  int32_t other_step; /* values from pixel to pixel of `other`: period, or 0 where it repeats */
  struct compare_operand first; /* of int8 values */
  struct compare_operand second;
};

/* int8. No scratch; `out` may be `full`, which has the output's size. */
void compare_s8_portable(const struct compare *op, const int8_t *full, const int8_t *other,
                         int8_t *out, int32_t pixels, void *scratch);

/* bool. `out` may be `full`. */
void compare_x8_portable(const struct compare *op, const int8_t *full, const int8_t *other,
                         int8_t *out, int32_t pixels, void *scratch);

/* Wider types. */
void compare_s32_portable(const struct compare *op, const int8_t *full, const int8_t *other,
                          int8_t *out, int32_t pixels, void *scratch);
void compare_s64_portable(const struct compare *op, const int8_t *full, const int8_t *other,
                          int8_t *out, int32_t pixels, void *scratch);
void compare_f32_portable(const struct compare *op, const int8_t *full, const int8_t *other,
                          int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_COMPARE_COMPARE_H_ */
