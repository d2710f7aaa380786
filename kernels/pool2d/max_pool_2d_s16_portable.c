/* SPDX-License-Identifier: Apache-2.0 */
#include "pool2d.h"

void max_pool_2d_s16_portable(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                              int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  for (int32_t r = 0; r < rows; r++) {
    arena_s16 *out = write_s16(out_rows[r]);
    for (int32_t x = 0; x < op->out_width; x++) {
      const int32_t start = x * op->stride_width - op->pad_left;
      const int32_t end = start + op->kernel_width;
      const int32_t first = start < 0 ? 0 : start;
      const int32_t last = end > op->in_width ? op->in_width : end;
      for (int32_t c = 0; c < op->channels; c++) {
        int32_t largest = INT16_MIN;
        for (int32_t i = 0; i < op->kernel_height; i++) {
          const int8_t *bytes = in_rows[r * op->stride_height + i];
          if (bytes == 0) {
            continue;
          }
          const arena_s16 *row = read_s16(bytes);
          for (int32_t column = first; column < last; column++) {
            const int32_t value = row[column * op->channels + c];
            largest = value > largest ? value : largest;
          }
        }
        *out++ = clamp_s16(largest, op->out_min, op->out_max);
      }
    }
  }
}
