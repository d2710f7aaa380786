/* SPDX-License-Identifier: Apache-2.0
 *
 * DEQUANTIZE: out = scale * (in - zero_point), float32
 */
#ifndef KERNELS_DEQUANTIZE_DEQUANTIZE_H_
#define KERNELS_DEQUANTIZE_DEQUANTIZE_H_

#include <stdint.h>

struct dequantize_f32 {
  float scale;
  int32_t zero_point;
  int32_t channels; /* values of a pixel */
};

/* int8 input, any shape. No scratch; `out` may overlap input that is spent. */
void dequantize_s8_f32_portable(const struct dequantize_f32 *op, const int8_t *in, int8_t *out,
                                int32_t pixels, void *scratch);

/* uint8 input, any shape. No scratch; `out` may overlap input that is spent. */
void dequantize_u8_f32_portable(const struct dequantize_f32 *op, const int8_t *in, int8_t *out,
                                int32_t pixels, void *scratch);

/* int16 input, any shape. No scratch; `out` may overlap input that is spent. */
void dequantize_s16_f32_portable(const struct dequantize_f32 *op, const int8_t *in, int8_t *out,
                                 int32_t pixels, void *scratch);

#endif /* KERNELS_DEQUANTIZE_DEQUANTIZE_H_ */
