/* SPDX-License-Identifier: Apache-2.0 */
#include "rescale.h"

#include "../common/values_s16.h"

void rescale_s16_portable(const struct rescale_s16 *op, const int8_t *in, int8_t *out,
                          int32_t pixels, void *scratch) {
  (void)scratch;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  const int32_t count = pixels * op->channels;
  for (int32_t i = 0; i < count; i++) {
    const int32_t x = from[i];
    const int32_t y = x >= 0 ? requantize(x, op->multiplier, op->shift)
                             : op->sign_after * requantize(op->sign_before * x,
                                                           op->below_multiplier, op->below_shift);
    to[i] = clamp_s16(y, op->out_min, op->out_max);
  }
}
