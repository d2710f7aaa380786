/* SPDX-License-Identifier: Apache-2.0 */
#include "mean.h"

void mean_s16_portable(const struct mean_s8 *op, const int8_t *in, int8_t *out, void *scratch) {
  (void)scratch;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  for (int32_t o = 0; o < op->outer; o++) {
    for (int32_t i = 0; i < op->inner; i++) {
      int32_t sum = 0;
      for (int32_t n = 0; n < op->count; n++) {
        sum = (int32_t)((uint32_t)sum + (uint32_t)(int32_t)from[n * op->inner + i]);
      }
      *to++ = clamp_s16(requantize(sum, op->multiplier, op->shift), INT16_MIN, INT16_MAX);
    }
    from += op->count * op->inner;
  }
}
