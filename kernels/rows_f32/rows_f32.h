/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators on rows of `depth` float32 values, the last axis:
 *
 *   SOFTMAX:          out[i] = e^(beta (in[i] - max)) / sum_j e^(beta (in[j] - max))
 *   LOG_SOFTMAX:      out[i] = in[i] - max - log(sum_j e^(in[j] - max))
 *   L2_NORMALIZATION: out[i] = in[i] / max(sqrt(sum_j in[j]^2), 1e-6)
 */
#ifndef KERNELS_ROWS_F32_ROWS_F32_H_
#define KERNELS_ROWS_F32_ROWS_F32_H_

#include <stdint.h>

struct rows_f32 {
  int32_t depth;
  float beta;
};

/* Any shape; a "pixel" is a row. No scratch; `out` may be `in`. */
void softmax_f32_portable(const struct rows_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                          void *scratch);
void log_softmax_f32_portable(const struct rows_f32 *op, const int8_t *in, int8_t *out,
                              int32_t pixels, void *scratch);
void l2_normalization_f32_portable(const struct rows_f32 *op, const int8_t *in, int8_t *out,
                                   int32_t pixels, void *scratch);

#endif /* KERNELS_ROWS_F32_ROWS_F32_H_ */
