/* SPDX-License-Identifier: Apache-2.0
 *
 * Transforms of int32 samples: products and divisions round to nearest, ties up, sums wrap around.
 */
#ifndef KERNELS_SIGNAL_PAIRS_Q31_H_
#define KERNELS_SIGNAL_PAIRS_Q31_H_

#include "signal.h"
#include "words.h"

#define Q31_ONE 0x7FFFFFFF

typedef struct signal_transform_s32 transform_op;
typedef arena_s32 transform_sample;
typedef int32_t complex_part;

static inline int32_t part_add(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t part_subtract(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a - (uint32_t)b);
}

static inline int32_t round_q31(int64_t product) {
  return (int32_t)((product + (1 << 30)) >> 31);
}

static inline int32_t scaled_q31(int32_t part, int32_t factor) {
  return round_q31((int64_t)part * factor);
}

static inline int32_t half_part(int32_t part) {
  return scaled_q31(part, Q31_ONE / 2);
}

static inline int32_t quarter_part(int32_t part) {
  return scaled_q31(part, Q31_ONE / 4);
}

static inline int32_t half_sum(int32_t part) {
  return part >> 1;
}

/* ar br - ai bi */
static inline int32_t product_difference(int32_t ar, int32_t br, int32_t ai, int32_t bi) {
  return round_q31((int64_t)ar * br - (int64_t)ai * bi);
}

static inline int32_t product_sum(int32_t ar, int32_t bi, int32_t ai, int32_t br) {
  return round_q31((int64_t)ar * bi + (int64_t)ai * br);
}

static inline int32_t restored(int32_t part, int32_t points) {
  (void)points;
  return part;
}

#include "complex_pairs.h"
#include "real_transform.h"

#endif /* KERNELS_SIGNAL_PAIRS_Q31_H_ */
