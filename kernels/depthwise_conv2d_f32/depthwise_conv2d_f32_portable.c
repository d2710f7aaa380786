/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../common/real.h"
#include "depthwise_conv2d_f32.h"

/* Adds one tap of a window to the sums of all channels. */
static void add_tap(const struct depthwise_conv2d_f32 *op, const float *in, const float *weights,
                    float *sums) {
  if (op->depth_multiplier == 1) {
    for (int32_t c = 0; c < op->out_channels; c++) {
      sums[c] += in[c] * weights[c];
    }
    return;
  }
  for (int32_t c = 0; c < op->in_channels; c++) {
    for (int32_t m = 0; m < op->depth_multiplier; m++) {
      *sums++ += in[c] * *weights++;
    }
  }
}

/* The sums lie in the output pixel itself. */
static void make_pixel(const struct depthwise_conv2d_f32 *op, const int8_t *const *in_rows,
                       int32_t left, float *out) {
  const float *weights = op->weights;
  memcpy(out, op->bias, (size_t)op->out_channels * sizeof *out);
  for (int32_t i = 0; i < op->kernel_height; i++) {
    const int8_t *row = in_rows[i * op->dilation_height];
    for (int32_t j = 0; j < op->kernel_width; j++) {
      const int32_t column = left + j * op->dilation_width;
      if (row != 0 && column >= 0 && column < op->in_width) {
        add_tap(op, reals(row) + column * op->in_channels, weights, out);
      }
      weights += op->out_channels;
    }
  }
  for (int32_t c = 0; c < op->out_channels; c++) {
    out[c] = clamp_f32(out[c], op->out_min, op->out_max);
  }
}

void depthwise_conv2d_f32_portable(const struct depthwise_conv2d_f32 *op,
                                   const int8_t *const *in_rows, int8_t *const *out_rows,
                                   int32_t rows, void *scratch) {
  (void)scratch;
  for (int32_t r = 0; r < rows; r++) {
    float *out = reals_out(out_rows[r]);
    for (int32_t x = 0; x < op->out_width; x++) {
      const int32_t left = x * op->stride_width - op->pad_left;
      make_pixel(op, in_rows + r * op->stride_height, left, out);
      out += op->out_channels;
    }
  }
}
