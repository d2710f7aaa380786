/* SPDX-License-Identifier: Apache-2.0
 *
 * 3 x 3 windows, strides across of 1 or 2, no dilation across, for cores that multiply one pair at
 * a time. A channel's row is walked column by column: the three values of a column are loaded once
 * and go into all windows that see it, of which two or three are open at a time.
 *
 * weights: int8 [out_channels, 9]. No scratch. The file that includes this gives REQUANTIZE(x,
 * scale).
 */
#ifndef KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_3X3_SCALAR_H_
#define KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_3X3_SCALAR_H_

#include "depthwise_conv2d.h"
#include "../common/requant_scalar.h"

/* One channel of one output row. */
struct line_3x3 {
  const int8_t *rows[3]; /* the channel's first value, moved to the left by the padding */
  int8_t *out;
  int32_t step; /* from column to column */
  int32_t out_step;
  int32_t column; /* -pad_left */
  int32_t width;  /* of the input */
  int32_t outputs;
  int32_t bias;
  int32_t outside; /* the value beside the image */
  int32_t zero_point;
  int32_t low;
  int32_t high;
};

/* The values of the next column. */
#define NEXT_COLUMN()                         \
  do {                                        \
    if ((uint32_t)column < (uint32_t)width) { \
      top = line->rows[0][at];                \
      middle = line->rows[1][at];             \
      bottom = line->rows[2][at];             \
    } else {                                  \
      top = middle = bottom = line->outside;  \
    }                                         \
    column++;                                 \
    at += step;                               \
  } while (0)

#define COLUMN_PRODUCTS(j) (top * w[j] + middle * w[3 + (j)] + bottom * w[6 + (j)])

static __attribute__((noinline)) void convolve_line(const struct line_3x3 *line,
                                                    const int8_t *weights,
                                                    const struct scale_scalar *scale) {
  const int32_t step = line->step, width = line->width, bias = line->bias;
  int32_t w[9];
  for (int32_t i = 0; i < 9; i++) {
    w[i] = weights[i];
  }
  int32_t column = line->column, at = 0, top, middle, bottom;
  int8_t *out = line->out;
  NEXT_COLUMN();
  int32_t first = bias + COLUMN_PRODUCTS(0);
  NEXT_COLUMN();
  first += COLUMN_PRODUCTS(1);
  int32_t second = bias + COLUMN_PRODUCTS(0);
  for (int32_t left = line->outputs; left > 0; left--) {
    NEXT_COLUMN();
    const int32_t sum = first + COLUMN_PRODUCTS(2);
    first = second + COLUMN_PRODUCTS(1);
    second = bias + COLUMN_PRODUCTS(0);
    *out = clamp_s8(REQUANTIZE(sum, scale) + line->zero_point, line->low, line->high);
    out += line->out_step;
  }
}

static __attribute__((noinline)) void convolve_line_s2(const struct line_3x3 *line,
                                                       const int8_t *weights,
                                                       const struct scale_scalar *scale) {
  const int32_t step = line->step, width = line->width, bias = line->bias;
  int32_t w[9];
  for (int32_t i = 0; i < 9; i++) {
    w[i] = weights[i];
  }
  int32_t column = line->column, at = 0, top, middle, bottom;
  int8_t *out = line->out;
  NEXT_COLUMN();
  int32_t first = bias + COLUMN_PRODUCTS(0);
  for (int32_t left = line->outputs; left > 0; left--) {
    NEXT_COLUMN();
    first += COLUMN_PRODUCTS(1);
    NEXT_COLUMN();
    const int32_t sum = first + COLUMN_PRODUCTS(2);
    first = bias + COLUMN_PRODUCTS(0);
    *out = clamp_s8(REQUANTIZE(sum, scale) + line->zero_point, line->low, line->high);
    out += line->out_step;
  }
}

static inline void convolve_3x3(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                                int8_t *const *out_rows, int32_t rows) {
  const int8_t *weights = op->weights;
  struct line_3x3 line;
  line.step = op->in_channels;
  line.out_step = op->out_channels;
  line.column = -op->pad_left;
  line.width = op->in_width;
  line.outputs = op->out_width;
  line.outside = op->in_zero_point;
  line.zero_point = op->out_zero_point;
  line.low = op->out_min;
  line.high = op->out_max;
  int32_t from = line.column * line.step;
  int32_t copies = op->depth_multiplier;
  for (int32_t o = 0; o < op->out_channels; o++) {
    const struct channel_s8 *channel = &op->channels[o];
    const struct scale_scalar scale = split_scale(channel);
    line.bias = channel->bias;
    for (int32_t r = 0; r < rows; r++) {
      const int8_t *const *window = &in_rows[r * op->stride_height];
      for (int32_t i = 0; i < 3; i++) {
        line.rows[i] = window[i * op->dilation_height] + from;
      }
      line.out = out_rows[r] + o;
      if (op->stride_width == 1) {
        convolve_line(&line, weights, &scale);
      } else {
        convolve_line_s2(&line, weights, &scale);
      }
    }
    weights += 9;
    if (--copies == 0) {
      copies = op->depth_multiplier;
      from++;
    }
  }
}

#endif /* KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_3X3_SCALAR_H_ */
