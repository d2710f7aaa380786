/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of one float32 value: out[i] = f(in[i]). Those that have parameters read them here.
 */
#ifndef KERNELS_MAP_F32_MAP_F32_H_
#define KERNELS_MAP_F32_MAP_F32_H_

#include <stdint.h>

struct map_f32 {
  int32_t channels; /* values of a pixel */
  float alpha;      /* LEAKY_RELU's slope; GELU: not 0 for the approximation by tanh */
  float low;        /* RELU and its like clamp */
  float high;
};

/* Any shape. No scratch; `out` may be `in`. */
void abs_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                      void *scratch);
void ceil_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch);
void cos_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                      void *scratch);
void elu_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                      void *scratch);
void exp_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                      void *scratch);
void floor_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                        void *scratch);
void gelu_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch);
void hard_swish_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch);
void leaky_relu_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch);
void log_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                      void *scratch);
void logistic_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                           void *scratch);
void neg_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                      void *scratch);
void relu_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch);
void round_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                        void *scratch);
void rsqrt_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                        void *scratch);
void sin_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                      void *scratch);
void sqrt_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch);
void square_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                         void *scratch);
void tanh_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch);

#endif /* KERNELS_MAP_F32_MAP_F32_H_ */
