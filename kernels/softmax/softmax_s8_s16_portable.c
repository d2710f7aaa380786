/* SPDX-License-Identifier: Apache-2.0 */
#include "softmax_sums.h"

void softmax_s8_s16_portable(const struct softmax_s8 *op, const int8_t *in, int8_t *out,
                             void *scratch) {
  (void)scratch;
  arena_s16 *to = write_s16(out);
  for (int32_t r = 0; r < op->rows; r++) {
    const struct softmax_row row = softmax_sum_row(op, in);
    for (int32_t i = 0; i < op->depth; i++) {
      *to++ = clamp_s16(softmax_share(op, &row, in[i], 16) + INT16_MIN, INT16_MIN, INT16_MAX);
    }
    in += op->depth;
  }
}
