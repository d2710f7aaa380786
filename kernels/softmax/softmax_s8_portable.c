/* SPDX-License-Identifier: Apache-2.0 */
#include "softmax_sums.h"

void softmax_s8_portable(const struct softmax_s8 *op, const int8_t *in, int8_t *out,
                         void *scratch) {
  (void)scratch;
  for (int32_t r = 0; r < op->rows; r++) {
    const struct softmax_row row = softmax_sum_row(op, in);
    for (int32_t i = 0; i < op->depth; i++) {
      *out++ = clamp_s8(softmax_share(op, &row, *in++, 8) + INT8_MIN, INT8_MIN, INT8_MAX);
    }
  }
}
