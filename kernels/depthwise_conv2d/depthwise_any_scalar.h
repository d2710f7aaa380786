/* SPDX-License-Identifier: Apache-2.0
 *
 * Any window, strides, dilations and multiplier, channel by channel, for cores that multiply one
 * pair at a time.
 *
 * weights: int8 [out_channels, kernel_height * kernel_width]. No scratch. The file that includes
 * this gives REQUANTIZE(x, scale).
 */
#ifndef KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_ANY_SCALAR_H_
#define KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_ANY_SCALAR_H_

#include "depthwise_conv2d.h"
#include "../common/requant_scalar.h"

/* Products of a row of taps of one channel, of which the first is at a column. */
static inline int32_t row_products(const struct depthwise_conv2d_s8 *op, const int8_t *row,
                                   int32_t column, const int8_t *weights) {
  const int32_t step = op->dilation_width, width = op->in_width;
  const int32_t channels = op->in_channels;
  const int8_t *const end = weights + op->kernel_width;
  int32_t sum = 0, outside = 0;
  const int8_t *value = row + column * channels;
  do {
    if ((uint32_t)column < (uint32_t)width) {
      sum += *value * *weights;
    } else {
      outside += *weights;
    }
    value += step * channels;
    column += step;
  } while (++weights < end);
  return sum + outside * op->in_zero_point;
}

static inline void convolve_any(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                                int8_t *const *out_rows, int32_t rows) {
  const int8_t *weights = op->weights;
  const int32_t zero_point = op->out_zero_point, low = op->out_min, high = op->out_max;
  int32_t from = 0;
  int32_t copies = op->depth_multiplier;
  for (int32_t o = 0; o < op->out_channels; o++) {
    const struct channel_s8 *channel = &op->channels[o];
    const struct scale_scalar scale = split_scale(channel);
    for (int32_t r = 0; r < rows; r++) {
      const int8_t *const *window = &in_rows[r * op->stride_height];
      int8_t *out = out_rows[r] + o;
      int32_t column = -op->pad_left;
      for (int32_t left = op->out_width; left > 0; left--) {
        int32_t sum = channel->bias;
        const int8_t *taps = weights;
        for (int32_t i = 0; i < op->kernel_height; i++) {
          sum += row_products(op, window[i * op->dilation_height] + from, column, taps);
          taps += op->kernel_width;
        }
        *out = clamp_s8(REQUANTIZE(sum, &scale) + zero_point, low, high);
        out += op->out_channels;
        column += op->stride_width;
      }
    }
    weights += op->kernel_height * op->kernel_width;
    if (--copies == 0) {
      copies = op->depth_multiplier;
      from++;
    }
  }
}

#endif /* KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_ANY_SCALAR_H_ */
