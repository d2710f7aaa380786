/* SPDX-License-Identifier: Apache-2.0 */
#include "resize_bilinear_f32.h"

#include "../common/real.h"

/* Corners: upper left, lower left, upper right, lower right. */
static float *blend_pixels(const float *corners[4], float down, float right, int32_t channels,
                           float *out) {
  for (int32_t c = 0; c < channels; c++) {
    *out++ = corners[0][c] * (1.0f - down) * (1.0f - right) +
             corners[1][c] * down * (1.0f - right) + corners[2][c] * (1.0f - down) * right +
             corners[3][c] * down * right;
  }
  return out;
}

void resize_bilinear_f32_portable(const struct resize_bilinear_f32 *op, const int8_t *in,
                                  int8_t *out, void *scratch) {
  (void)scratch;
  const float *values = reals(in);
  float *results = reals_out(out);
  const int32_t step = op->in_width * op->channels;
  for (int32_t y = 0; y < op->out_height; y++) {
    const float *upper = &values[op->rows[2 * y] * step];
    const float *lower = &values[op->rows[2 * y + 1] * step];
    for (int32_t x = 0; x < op->out_width; x++) {
      const int32_t left = op->columns[2 * x] * op->channels;
      const int32_t right = op->columns[2 * x + 1] * op->channels;
      const float *corners[4] = {&upper[left], &lower[left], &upper[right], &lower[right]};
      results =
          blend_pixels(corners, op->row_shares[y], op->column_shares[x], op->channels, results);
    }
  }
}
