/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_MOVING_SUMS_MOVING_LOOP_H_
#define KERNELS_MOVING_SUMS_MOVING_LOOP_H_

#include "../common/values_s16.h"
#include "../pool2d/divide_rounded.h"
#include "moving_sums.h"

#if defined(__GNUC__)
typedef int32_t __attribute__((__may_alias__)) arena_s32;
#else
typedef int32_t arena_s32;
#endif

static inline const arena_s32 *read_s32(const int8_t *bytes) {
  return (const arena_s32 *)(const void *)bytes;
}

static inline arena_s32 *write_s32(int8_t *bytes) {
  return (arena_s32 *)(void *)bytes;
}

/* The body of MOVING_SUMS for rows of a type. */
#define MOVING_SUMS_LOOP(op, from, gone, come, to)                    \
  for (int32_t i = 0; i < (op)->sums; i++) {                          \
    int32_t sum = (from)[i];                                          \
    int32_t at = i;                                                   \
    for (int32_t p = 0; p < (op)->positions; p++, at += (op)->sums) { \
      sum += (come)[at] - (gone)[at];                                 \
    }                                                                 \
    (to)[i] = sum;                                                    \
  }

/* A mean before it is clamped. */
static inline int32_t moving_mean_of(const struct moving_mean *op, int32_t sum) {
  if (op->count) {
    return divide_rounded(sum + op->offset, op->count);
  }
  return requantize(sum, op->multiplier, op->shift) + op->out_zero_point;
}

#endif /* KERNELS_MOVING_SUMS_MOVING_LOOP_H_ */
