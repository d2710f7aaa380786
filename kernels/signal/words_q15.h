/* SPDX-License-Identifier: Apache-2.0
 *
 * Transforms of int16 samples; the file that includes this one has complex values in words.
 */
#ifndef KERNELS_SIGNAL_WORDS_Q15_H_
#define KERNELS_SIGNAL_WORDS_Q15_H_

#include "../common/values_s16.h"
#include "signal.h"

typedef struct signal_transform transform_op;
typedef arena_s16 transform_sample;
typedef uint32_t complex_value;

static inline uint32_t complex_half(uint32_t z) {
  return complex_scale(z, Q15_ONE / 2);
}

static inline uint32_t factor_at(const uint32_t *factors, int32_t number) {
  return factors[number];
}

static inline int32_t restored(int32_t part, int32_t points) {
  (void)points;
  return part;
}

#include "real_transform.h"

#endif /* KERNELS_SIGNAL_WORDS_Q15_H_ */
