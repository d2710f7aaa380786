/* SPDX-License-Identifier: Apache-2.0 */
#include "batch_matmul.h"

void batch_matmul_s16_portable(const struct batch_matmul_s16 *op, const int8_t *first,
                               const int8_t *second, int8_t *out, void *scratch) {
  (void)scratch;
  const arena_s16 *rows = read_s16(first);
  const arena_s16 *columns = read_s16(second);
  arena_s16 *to = write_s16(out);
  for (int32_t b = 0; b < op->batches; b++) {
    const arena_s16 *row = rows;
    for (int32_t m = 0; m < op->rows; m++) {
      const arena_s16 *column = columns;
      for (int32_t n = 0; n < op->columns; n++) {
        int64_t sum = 0;
        for (int32_t k = 0; k < op->depth; k++) {
          sum += (int32_t)row[k] * (int32_t)*column++;
        }
        *to++ = clamp_s16(requantize_wide(sum, op->scale.multiplier, op->scale.shift), INT16_MIN,
                          INT16_MAX);
      }
      row += op->depth;
    }
    rows += op->first_step;
    columns += op->second_step;
  }
}
