/* SPDX-License-Identifier: Apache-2.0 */
#include "moving_loop.h"

void row_sums_s8_portable(const struct row_sums *op, const int8_t *in, int8_t *out, void *scratch) {
  (void)scratch;
  arena_s16 *to = write_s16(out);
  for (int32_t r = 0; r < op->rows; r++) {
    for (int32_t i = 0; i < op->sums; i++) {
      int32_t sum = op->offset;
      for (int32_t p = 0; p < op->positions; p++) {
        sum += in[p * op->sums + i];
      }
      *to++ = (int16_t)sum;
    }
    in += op->positions * op->sums;
  }
}
