/* SPDX-License-Identifier: Apache-2.0 */
#include "mean.h"

void mean_s8_portable(const struct mean_s8 *op, const int8_t *in, int8_t *out, void *scratch) {
  (void)scratch;
  for (int32_t o = 0; o < op->outer; o++) {
    for (int32_t i = 0; i < op->inner; i++) {
      int32_t sum = op->offset;
      for (int32_t n = 0; n < op->count; n++) {
        sum += in[n * op->inner + i];
      }
      *out++ = clamp_s8(requantize(sum, op->multiplier, op->shift) + op->out_zero_point, INT8_MIN,
                        INT8_MAX);
    }
    in += op->count * op->inner;
  }
}
