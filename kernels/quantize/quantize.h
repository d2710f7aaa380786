/* SPDX-License-Identifier: Apache-2.0
 *
 * QUANTIZE of a float32 edge: out = clamp(round_half_away(in / scale) + zero_point)
 */
#ifndef KERNELS_QUANTIZE_QUANTIZE_H_
#define KERNELS_QUANTIZE_QUANTIZE_H_

#include <stdint.h>

#include "../common/requant.h"

struct quantize_f32_s8 {
  float scale;
  int32_t zero_point;
  int32_t count;
};

/* Any shape. No scratch; `out` may be `in`. */
void quantize_f32_s8_portable(const struct quantize_f32_s8 *op, const int8_t *in, int8_t *out,
                              void *scratch);

#endif /* KERNELS_QUANTIZE_QUANTIZE_H_ */
