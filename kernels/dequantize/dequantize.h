/* SPDX-License-Identifier: Apache-2.0
 *
 * DEQUANTIZE at the edge of a model: out = scale * (in - zero_point), float32
 */
#ifndef KERNELS_DEQUANTIZE_DEQUANTIZE_H_
#define KERNELS_DEQUANTIZE_DEQUANTIZE_H_

#include <stdint.h>

struct dequantize_f32 {
  float scale;
  int32_t zero_point;
  int32_t count;
};

/* int8 input, any shape. No scratch. */
void dequantize_s8_f32_portable(const struct dequantize_f32 *op, const int8_t *in, int8_t *out,
                                void *scratch);

/* uint8 input, any shape. No scratch. */
void dequantize_u8_f32_portable(const struct dequantize_f32 *op, const int8_t *in, int8_t *out,
                                void *scratch);

/* int16 input, any shape. No scratch. */
void dequantize_s16_f32_portable(const struct dequantize_f32 *op, const int8_t *in, int8_t *out,
                                 void *scratch);

#endif /* KERNELS_DEQUANTIZE_DEQUANTIZE_H_ */
