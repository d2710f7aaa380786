/* SPDX-License-Identifier: Apache-2.0 */
#include "depthwise_conv2d.h"

/* Channels that are accumulated side by side: enough for a compiler to fill vector registers. */
#define BLOCK 16

static void accumulate(int32_t *sums, const int8_t *in, const int8_t *weights, int32_t count) {
  for (int32_t c = 0; c < count; c++) {
    sums[c] += (int32_t)in[c] * (int32_t)weights[c];
  }
}

static void accumulate_multiplied(int32_t *sums, const int8_t *in, int32_t first,
                                  const int8_t *weights, int32_t count, int32_t depth_multiplier) {
  for (int32_t c = 0; c < count; c++) {
    sums[c] += (int32_t)in[(first + c) / depth_multiplier] * (int32_t)weights[c];
  }
}

static void accumulate_padding(int32_t *sums, int32_t zero_point, const int8_t *weights,
                               int32_t count) {
  for (int32_t c = 0; c < count; c++) {
    sums[c] += zero_point * (int32_t)weights[c];
  }
}

static void convolve_block(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                           int32_t left, int32_t first, int32_t count, int32_t *sums) {
  const int8_t *weights = (const int8_t *)op->weights + first;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    const int8_t *row = in_rows[i * op->dilation_height];
    for (int32_t j = 0; j < op->kernel_width; j++) {
      const int32_t column = left + j * op->dilation_width;
      const int8_t *pixel = &row[column * op->in_channels];
      if (column < 0 || column >= op->in_width) {
        accumulate_padding(sums, op->in_zero_point, weights, count);
      } else if (op->depth_multiplier == 1) {
        accumulate(sums, &pixel[first], weights, count);
      } else {
        accumulate_multiplied(sums, pixel, first, weights, count, op->depth_multiplier);
      }
      weights += op->out_channels;
    }
  }
}

void depthwise_conv2d_s8_portable(const struct depthwise_conv2d_s8 *op,
                                  const int8_t *const *in_rows, int8_t *const *out_rows,
                                  int32_t rows, void *scratch) {
  (void)scratch;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const int32_t left = x * op->stride_width - op->pad_left;
      for (int32_t first = 0; first < op->out_channels; first += BLOCK) {
        const int32_t rest = op->out_channels - first;
        const int32_t count = rest < BLOCK ? rest : BLOCK;
        const struct channel_s8 *channels = &op->channels[first];
        int32_t sums[BLOCK];
        for (int32_t c = 0; c < count; c++) {
          sums[c] = channels[c].bias;
        }
        convolve_block(op, &in_rows[r * op->stride_height], left, first, count, sums);
        for (int32_t c = 0; c < count; c++) {
          const int32_t scaled =
              requantize(sums[c], channels[c].multiplier, channels[c].shift) + op->out_zero_point;
          *out++ = clamp_s8(scaled, op->out_min, op->out_max);
        }
      }
    }
  }
}
