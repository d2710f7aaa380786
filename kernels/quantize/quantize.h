/* SPDX-License-Identifier: Apache-2.0
 *
 * QUANTIZE of float32: out = clamp(round_half_away(in / scale) + zero_point)
 */
#ifndef KERNELS_QUANTIZE_QUANTIZE_H_
#define KERNELS_QUANTIZE_QUANTIZE_H_

#include <stdint.h>

#include "../common/requant.h"

struct quantize_f32_s8 {
  float scale;
  int32_t zero_point;
  int32_t channels; /* values of a pixel */
};

/* Any shape. No scratch; `out` may overlap input that is spent. */
void quantize_f32_s8_portable(const struct quantize_f32_s8 *op, const int8_t *in, int8_t *out,
                              int32_t pixels, void *scratch);

/* The same to int16. */
void quantize_f32_s16_portable(const struct quantize_f32_s8 *op, const int8_t *in, int8_t *out,
                               int32_t pixels, void *scratch);

/* QUANTIZE between int8, int16 and int32:
 *   out = saturate(requantize(in - in_zero_point, multiplier, shift) + out_zero_point) */
struct quantize_integers {
  int32_t multiplier;
  int32_t shift;
  int32_t in_zero_point;
  int32_t out_zero_point;
  int16_t in_bytes; /* of a value */
  int16_t out_bytes;
  int32_t channels; /* values of a pixel */
};

/* Any shape. No scratch; `out` may overlap input that is spent. */
void quantize_integers_portable(const struct quantize_integers *op, const int8_t *in, int8_t *out,
                                int32_t pixels, void *scratch);

#endif /* KERNELS_QUANTIZE_QUANTIZE_H_ */
