/* SPDX-License-Identifier: Apache-2.0
 *
 * PRELU, float32: out[i] = in[i] >= 0 ? in[i] : in[i] * alpha[i % period]
 */
#ifndef KERNELS_PRELU_F32_PRELU_F32_H_
#define KERNELS_PRELU_F32_PRELU_F32_H_

#include <stdint.h>

struct prelu_f32 {
  int32_t period; /* values of a "pixel": those of alpha */
};

/* Any shape. No scratch; `out` may be `in`. */
void prelu_f32_portable(const struct prelu_f32 *op, const int8_t *in, const int8_t *alpha,
                        int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_PRELU_F32_PRELU_F32_H_ */
