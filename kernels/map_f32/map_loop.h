/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_MAP_F32_MAP_LOOP_H_
#define KERNELS_MAP_F32_MAP_LOOP_H_

#include "../common/real.h"
#include "map_f32.h"

/* The body of a kernel whose value is an expression of `x`. */
#define MAP_LOOP(expression)                   \
  (void)scratch;                               \
  const float *values = reals(in);             \
  float *results = reals_out(out);             \
  const int32_t count = pixels * op->channels; \
  for (int32_t i = 0; i < count; i++) {        \
    const float x = values[i];                 \
    results[i] = (expression);                 \
  }

#endif /* KERNELS_MAP_F32_MAP_LOOP_H_ */
