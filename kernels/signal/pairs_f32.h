/* SPDX-License-Identifier: Apache-2.0
 *
 * Transforms of float32 samples, of which the one backwards divides by its length at the end.
 */
#ifndef KERNELS_SIGNAL_PAIRS_F32_H_
#define KERNELS_SIGNAL_PAIRS_F32_H_

#include "../common/real.h"
#include "signal.h"

typedef struct signal_transform_f32 transform_op;
typedef float transform_sample;
typedef float complex_part;

static inline float part_add(float a, float b) {
  return a + b;
}

static inline float part_subtract(float a, float b) {
  return a - b;
}

static inline float half_part(float part) {
  return part;
}

static inline float quarter_part(float part) {
  return part;
}

static inline float half_sum(float part) {
  return part * 0.5f;
}

static inline float product_difference(float ar, float br, float ai, float bi) {
  return ar * br - ai * bi;
}

static inline float product_sum(float ar, float bi, float ai, float br) {
  return ar * bi + ai * br;
}

static inline float restored(float part, int32_t points) {
  return part / (float)(2 * points);
}

#include "complex_pairs.h"
#include "real_transform.h"

#endif /* KERNELS_SIGNAL_PAIRS_F32_H_ */
