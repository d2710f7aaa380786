/* SPDX-License-Identifier: Apache-2.0 */
#include "batch_matmul_sums.h"

void batch_matmul_s8_portable(const struct batch_matmul_s8 *op, const int8_t *first,
                              const int8_t *second, int8_t *out, void *scratch) {
  int32_t *offsets = scratch;
  for (int32_t b = 0; b < op->batches; b++) {
    batch_matmul_offsets(op, second, offsets);
    const int8_t *row = first;
    for (int32_t m = 0; m < op->rows; m++) {
      const int32_t row_offset = op->second_zero_point * batch_matmul_sum(row, op->depth);
      const int8_t *column = second;
      for (int32_t n = 0; n < op->columns; n++) {
        int32_t sum = offsets[n] - row_offset;
        for (int32_t k = 0; k < op->depth; k++) {
          sum += (int32_t)row[k] * (int32_t)column[k];
        }
        *out++ = batch_matmul_finish(op, sum);
        column += op->depth;
      }
      row += op->depth;
    }
    first += op->first_step;
    second += op->second_step;
  }
}
