/* SPDX-License-Identifier: Apache-2.0 */
#include "prelu.h"

#include "../common/requant.h"

void prelu_s8_portable(const struct prelu_s8 *op, const int8_t *in, const int8_t *alpha,
                       int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t i = 0; i < op->period; i++) {
      const int32_t x = *in++ - op->zero_point;
      const int32_t y = x >= 0 ? requantize(x, op->multiplier, op->shift)
                               : requantize(x * (alpha[i] - op->alpha_zero_point),
                                            op->alpha_multiplier, op->alpha_shift);
      *out++ = clamp_s8(y + op->out_zero_point, INT8_MIN, INT8_MAX);
    }
  }
}
