/* SPDX-License-Identifier: Apache-2.0 */
#include "depthwise_conv2d.h"

/* The sum of output channel o, whose input channel is c, of the window that begins at `left`. */
static int64_t window_sum(const struct depthwise_conv2d_s16 *op, const int8_t *const *in_rows,
                          int32_t left, int32_t c, int32_t o) {
  const int8_t *weights = (const int8_t *)op->weights + o;
  int64_t sum = op->bias[o];
  for (int32_t i = 0; i < op->kernel_height; i++) {
    const arena_s16 *row = read_s16(in_rows[i * op->dilation_height]);
    for (int32_t j = 0; j < op->kernel_width; j++) {
      const int32_t column = left + j * op->dilation_width;
      if (column >= 0 && column < op->in_width) {
        sum += (int32_t)row[column * op->in_channels + c] * (int32_t)*weights;
      }
      weights += op->out_channels;
    }
  }
  return sum;
}

void depthwise_conv2d_s16_portable(const struct depthwise_conv2d_s16 *op,
                                   const int8_t *const *in_rows, int8_t *const *out_rows,
                                   int32_t rows, void *scratch) {
  (void)scratch;
  for (int32_t r = 0; r < rows; r++) {
    arena_s16 *out = write_s16(out_rows[r]);
    for (int32_t x = 0; x < op->out_width; x++) {
      const int32_t left = x * op->stride_width - op->pad_left;
      for (int32_t o = 0; o < op->out_channels; o++) {
        const int64_t sum =
            window_sum(op, &in_rows[r * op->stride_height], left, o / op->depth_multiplier, o);
        const int32_t scaled = requantize_s16(sum, &op->scales[o], op->wide);
        *out++ = clamp_s16(scaled, op->out_min, op->out_max);
      }
    }
  }
}
