/* SPDX-License-Identifier: Apache-2.0 */
#include "conv2d.h"

static int64_t dot(const arena_s16 *a, const int8_t *b, int32_t count) {
  int64_t sum = 0;
  for (int32_t i = 0; i < count; i++) {
    sum += (int32_t)a[i] * (int32_t)b[i];
  }
  return sum;
}

void conv2d_s16_portable(const struct conv2d_s16 *op, const int8_t *const *in_rows,
                         int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  const int32_t channels = op->in_channels;
  for (int32_t r = 0; r < rows; r++) {
    arena_s16 *out = write_s16(out_rows[r]);
    for (int32_t x = 0; x < op->out_width; x++) {
      const int32_t left = x * op->stride_width - op->pad_left;
      const int8_t *weights = op->weights;
      for (int32_t o = 0; o < op->out_channels; o++) {
        int64_t sum = op->bias[o];
        for (int32_t i = 0; i < op->kernel_height; i++) {
          const arena_s16 *row = read_s16(in_rows[r * op->stride_height + i * op->dilation_height]);
          for (int32_t j = 0; j < op->kernel_width; j++) {
            const int32_t column = left + j * op->dilation_width;
            if (column >= 0 && column < op->in_width) {
              sum += dot(&row[column * channels], weights, channels);
            }
            weights += channels;
          }
        }
        const int32_t scaled = requantize_s16(sum, &op->scales[o], op->wide);
        *out++ = clamp_s16(scaled, op->out_min, op->out_max);
      }
    }
  }
}
