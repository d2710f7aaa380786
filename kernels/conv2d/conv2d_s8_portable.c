/* SPDX-License-Identifier: Apache-2.0 */
#include "conv2d.h"

static int32_t dot(const int8_t *a, const int8_t *b, int32_t count) {
  int32_t sum = 0;
  for (int32_t i = 0; i < count; i++) {
    sum += (int32_t)a[i] * (int32_t)b[i];
  }
  return sum;
}

static int32_t dot_padding(int32_t zero_point, const int8_t *b, int32_t count) {
  int32_t sum = 0;
  for (int32_t i = 0; i < count; i++) {
    sum += (int32_t)b[i];
  }
  return sum * zero_point;
}

void conv2d_s8_portable(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  const int32_t channels = op->in_channels;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const int32_t left = x * op->stride_width - op->pad_left;
      const int8_t *weights = op->weights;
      for (int32_t o = 0; o < op->out_channels; o++) {
        const struct channel_s8 *channel = &op->channels[o];
        int32_t sum = channel->bias;
        for (int32_t i = 0; i < op->kernel_height; i++) {
          const int8_t *row = in_rows[r * op->stride_height + i * op->dilation_height];
          for (int32_t j = 0; j < op->kernel_width; j++) {
            const int32_t column = left + j * op->dilation_width;
            if (column >= 0 && column < op->in_width) {
              sum += dot(&row[column * channels], weights, channels);
            } else {
              sum += dot_padding(op->in_zero_point, weights, channels);
            }
            weights += channels;
          }
        }
        const int32_t scaled =
            requantize(sum, channel->multiplier, channel->shift) + op->out_zero_point;
        *out++ = clamp_s8(scaled, op->out_min, op->out_max);
      }
    }
  }
}
