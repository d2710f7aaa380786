/* SPDX-License-Identifier: Apache-2.0
 *
 * L2_NORMALIZATION over the last axis, int8, in the fixed-point arithmetic of TensorFlow Lite:
 *
 *   out[i] = saturate_int8(128 * (in[i] - zero_point) / sqrt(sum_j (in[j] - zero_point)^2))
 *
 * with scale 1/128 and zero point 0. The inverse root takes five Newton steps, each rounded as
 * gemmlowp rounds.
 */
#ifndef KERNELS_L2_NORMALIZATION_L2_NORMALIZATION_H_
#define KERNELS_L2_NORMALIZATION_L2_NORMALIZATION_H_

#include <stdint.h>

#include "../common/requant.h"

struct l2_normalization_s8 {
  int32_t rows;
  int32_t depth;
  int32_t zero_point;
};

/* Any shape. No scratch; `out` may be `in`. */
void l2_normalization_s8_portable(const struct l2_normalization_s8 *op, const int8_t *in,
                                  int8_t *out, void *scratch);

#endif /* KERNELS_L2_NORMALIZATION_L2_NORMALIZATION_H_ */
