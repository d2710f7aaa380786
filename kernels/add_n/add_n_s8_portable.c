/* SPDX-License-Identifier: Apache-2.0 */
#include "add_n.h"

#include "../common/requant.h"

static int32_t rescaled(const struct add_n_s8 *op, int8_t value) {
  return requantize((value - op->in_zero_point) * (1 << 20), op->in_multiplier, op->in_shift);
}

void add_n_s8_portable(const struct add_n_s8 *op, const int8_t *const *in, int8_t *out,
                       int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->channels;
  for (int32_t i = 0; i < count; i++) {
    int32_t sum = rescaled(op, 0);
    for (int32_t n = 0; n < op->operands; n++) {
      sum += rescaled(op, in[n][i]);
    }
    const int32_t scaled = requantize(sum, op->out_multiplier, op->out_shift);
    out[i] = clamp_s8(scaled + op->out_zero_point, INT8_MIN, INT8_MAX);
  }
}
