/* SPDX-License-Identifier: Apache-2.0
 *
 * CUMSUM along the middle axis of [outer, count, inner]: the sum of all values up to each.
 *
 * int8, with the rescaling of TensorFlow Lite:
 *
 *   out[i] = clamp(requantize(sum_j table[in[j]], multiplier, shift) + out_zero_point)
 */
#ifndef KERNELS_CUMSUM_CUMSUM_H_
#define KERNELS_CUMSUM_CUMSUM_H_

#include <stdint.h>

struct cumsum {
  int32_t outer;
  int32_t count;
  int32_t inner;
  int32_t exclusive; /* the value itself is left out */
  int32_t reverse;   /* from the end on */
};

/* float32. No scratch; `out` may be `in`. */
void cumsum_f32_portable(const struct cumsum *op, const int8_t *in, int8_t *out, void *scratch);

struct cumsum_s8 {
  struct cumsum axis;
  int32_t in_multiplier;
  int32_t out_multiplier;
  int16_t in_shift;
  int16_t out_shift;
  int16_t in_zero_point;
  int16_t out_zero_point;
};

/* No scratch; `out` may be `in`. */
void cumsum_s8_portable(const struct cumsum_s8 *op, const int8_t *in, int8_t *out, void *scratch);

#endif /* KERNELS_CUMSUM_CUMSUM_H_ */
