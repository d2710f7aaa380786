/* SPDX-License-Identifier: Apache-2.0 */
#include "moving_loop.h"

void moving_mean_s8_portable(const struct moving_mean *op, const int8_t *sums, int8_t *out,
                             void *scratch) {
  (void)scratch;
  for (int32_t i = 0; i < op->sums; i++) {
    out[i] = clamp_s8(moving_mean_of(op, read_s32(sums)[i]), op->out_min, op->out_max);
  }
}
