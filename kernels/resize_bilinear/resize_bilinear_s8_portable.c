/* SPDX-License-Identifier: Apache-2.0 */
#include "resize_bilinear.h"

#define ONE 1024
#define HALF (1 << 19)

static void blend_pixels(const int8_t *corners[4], const int32_t weights[4], int32_t channels,
                         int8_t *out) {
  for (int32_t c = 0; c < channels; c++) {
    const int32_t sum = corners[0][c] * weights[0] + corners[1][c] * weights[1] +
                        corners[2][c] * weights[2] + corners[3][c] * weights[3];
    out[c] = (int8_t)((sum + (sum > 0 ? HALF : -HALF)) / (2 * HALF));
  }
}

void resize_bilinear_s8_portable(const struct resize_bilinear_s8 *op, const int8_t *in, int8_t *out,
                                 void *scratch) {
  (void)scratch;
  const int32_t row_bytes = op->in_width * op->channels;
  for (int32_t y = 0; y < op->out_height; y++) {
    const int16_t *row = &op->rows[3 * y];
    for (int32_t x = 0; x < op->out_width; x++) {
      const int16_t *column = &op->columns[3 * x];
      const int32_t left = column[0] * op->channels;
      const int32_t right = column[1] * op->channels;
      const int8_t *corners[4] = {&in[row[0] * row_bytes + left], &in[row[0] * row_bytes + right],
                                  &in[row[1] * row_bytes + left], &in[row[1] * row_bytes + right]};
      const int32_t weights[4] = {(ONE - row[2]) * (ONE - column[2]), (ONE - row[2]) * column[2],
                                  row[2] * (ONE - column[2]), row[2] * column[2]};
      blend_pixels(corners, weights, op->channels, out);
      out += op->channels;
    }
  }
}
