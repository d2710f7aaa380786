/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/requant.h"
#include "cumsum_loop.h"

static int32_t rescaled(const struct cumsum_s8 *op, int8_t value) {
  return requantize((value - op->in_zero_point) * (1 << 20), op->in_multiplier, op->in_shift);
}

static int8_t finished(const struct cumsum_s8 *op, int32_t sum) {
  const int32_t scaled = requantize(sum, op->out_multiplier, op->out_shift);
  return clamp_s8(scaled + op->out_zero_point, INT8_MIN, INT8_MAX);
}

void cumsum_s8_portable(const struct cumsum_s8 *op, const int8_t *in, int8_t *out, void *scratch) {
  CUMSUM_LOOP(&op->axis, int32_t, rescaled(op, 0), rescaled(op, in[at]),
              out[at] = finished(op, kept))
}
