/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators on two int32 tensors, value by value, which wrap around:
 *
 *   out[i] = first[i] (kind) second[i]
 *
 * A quotient by zero is 0.
 */
#ifndef KERNELS_PAIRS_S32_PAIRS_S32_H_
#define KERNELS_PAIRS_S32_PAIRS_S32_H_

#include <stdint.h>

enum pairs_s32_kind {
  PAIRS_ADD,
  PAIRS_SUB,
  PAIRS_MUL,
  PAIRS_DIV,
  PAIRS_FLOOR_DIV,
  PAIRS_FLOOR_MOD,
  PAIRS_MAXIMUM,
  PAIRS_MINIMUM,
  PAIRS_SQUARED_DIFFERENCE
};

struct pairs_s32 {
  int32_t kind;
  int32_t period;     /* values of a "pixel" */
  int32_t other_step; /* values from pixel to pixel of `other`: period, or 0 where it repeats */
  int32_t swapped;    /* `full` is the second operand */
  int32_t out_min;
  int32_t out_max;
};

/* Any shape. No scratch; `out` may be `full`, which has the output's size. */
void pairs_s32_portable(const struct pairs_s32 *op, const int8_t *full, const int8_t *other,
                        int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_PAIRS_S32_PAIRS_S32_H_ */
