/* SPDX-License-Identifier: Apache-2.0
 *
 * MEAN over the middle axis of [outer, count, inner], int8:
 *
 *   out[o, i] = clamp(requantize(sum_n in[o, n, i] - count * in_zero_point) + out_zero_point)
 *
 * 1 / count is part of the multiplier.
 */
#ifndef KERNELS_MEAN_MEAN_H_
#define KERNELS_MEAN_MEAN_H_

#include <stdint.h>

#include "../common/requant.h"

struct mean_s8 {
  int32_t outer;
  int32_t count;
  int32_t inner;
  int32_t offset; /* -count * in_zero_point */
  int32_t multiplier;
  int16_t shift;
  int16_t out_zero_point;
};

/* Any shape. No scratch. */
void mean_s8_portable(const struct mean_s8 *op, const int8_t *in, int8_t *out, void *scratch);

#endif /* KERNELS_MEAN_MEAN_H_ */
