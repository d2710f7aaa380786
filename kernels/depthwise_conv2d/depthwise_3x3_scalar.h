/* SPDX-License-Identifier: Apache-2.0
 *
 * 3 x 3 windows, strides across of 1 or 2, no dilation, multiplier 1, for cores that multiply one
 * pair at a time. A channel's row is walked column by column: the three values of a column are
 * loaded once and go into all windows that see it, of which two or three are open at a time.
 *
 * A channel is made in all rows of a call before the next. Of rows that several output rows read,
 * its values are kept in scratch, so that output rows may lie over input rows of the same call:
 * when output row r is made, only input rows before r have been replaced, and columns of row r
 * itself are read before they are.
 *
 * weights: int8 [out_channels, 9]. scratch: 2 * in_width bytes, if rows follow each other by a
 * stride down of 1. The file that includes this gives REQUANTIZE(x, scale).
 */
#ifndef KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_3X3_SCALAR_H_
#define KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_3X3_SCALAR_H_

#include "depthwise_conv2d.h"
#include "../common/requant_scalar.h"

/* The values of the next column. */
#define NEXT_COLUMN()                         \
  do {                                        \
    if ((uint32_t)column < (uint32_t)width) { \
      top = *upper;                           \
      middle = *centre;                       \
      bottom = *lower;                        \
      upper += line->steps[0];                \
      centre += line->steps[1];               \
      lower += line->steps[2];                \
      if (kept) {                             \
        kept[0] = (int8_t)middle;             \
        kept[width] = (int8_t)bottom;         \
        kept++;                               \
      }                                       \
    } else {                                  \
      top = middle = bottom = line->outside;  \
    }                                         \
    column++;                                 \
  } while (0)

#define COLUMN_PRODUCTS(j) (top * w[j] + middle * w[3 + (j)] + bottom * w[6 + (j)])

#define BEGIN_LINE()                                            \
  const int32_t width = line->width, bias = line->bias;         \
  const int8_t *upper = line->rows[0], *centre = line->rows[1]; \
  const int8_t *lower = line->rows[2];                          \
  int8_t *kept = line->kept, *out = line->out;                  \
  int32_t column = line->column, top, middle, bottom, w[9];     \
  for (int32_t i = 0; i < 9; i++) {                             \
    w[i] = weights[i];                                          \
  }                                                             \
  NEXT_COLUMN();                                                \
  int32_t first = bias + COLUMN_PRODUCTS(0)

#define STORE(sum)                                                                     \
  do {                                                                                 \
    *out = clamp_s8(REQUANTIZE(sum, scale) + line->zero_point, line->low, line->high); \
    out += line->out_step;                                                             \
  } while (0)

/* One channel of one output row. */
struct line_3x3 {
  const int8_t *rows[3]; /* the values of each row for the first column */
  int32_t steps[3];      /* from column to column */
  int8_t *kept;          /* [2][width]: the lower rows for the next output row; NULL: not needed */
  int8_t *out;
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

static __attribute__((noinline)) void convolve_line(const struct line_3x3 *line,
                                                    const int8_t *weights,
                                                    const struct scale_scalar *scale) {
  BEGIN_LINE();
  NEXT_COLUMN();
  first += COLUMN_PRODUCTS(1);
  int32_t second = bias + COLUMN_PRODUCTS(0);
  for (int32_t left = line->outputs; left > 0; left--) {
    NEXT_COLUMN();
    const int32_t sum = first + COLUMN_PRODUCTS(2);
    first = second + COLUMN_PRODUCTS(1);
    second = bias + COLUMN_PRODUCTS(0);
    STORE(sum);
  }
}

static __attribute__((noinline)) void convolve_line_s2(const struct line_3x3 *line,
                                                       const int8_t *weights,
                                                       const struct scale_scalar *scale) {
  BEGIN_LINE();
  for (int32_t left = line->outputs; left > 0; left--) {
    NEXT_COLUMN();
    first += COLUMN_PRODUCTS(1);
    NEXT_COLUMN();
    const int32_t sum = first + COLUMN_PRODUCTS(2);
    first = bias + COLUMN_PRODUCTS(0);
    STORE(sum);
  }
}

/* The rows of the next output row: the upper ones from scratch, but for the first one of a call. */
static inline void next_rows(const struct depthwise_conv2d_s8 *op, struct line_3x3 *line,
                             const int8_t *const *window, int32_t channel, int first,
                             int8_t *scratch) {
  for (int32_t i = 0; i < 3; i++) {
    const int from_scratch = line->kept && !first && i < 2;
    line->rows[i] = from_scratch ? scratch + i * line->width : window[i] + channel;
    line->steps[i] = from_scratch ? 1 : op->in_channels;
  }
}

static inline void convolve_3x3(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                                int8_t *const *out_rows, int32_t rows, void *scratch) {
  struct line_3x3 line;
  line.kept = rows > 1 && op->stride_height == 1 ? scratch : 0;
  line.out_step = op->out_channels;
  line.column = -op->pad_left;
  line.width = op->in_width;
  line.outputs = op->out_width;
  line.outside = op->in_zero_point;
  line.zero_point = op->out_zero_point;
  line.low = op->out_min;
  line.high = op->out_max;
  const int8_t *weights = op->weights;
  for (int32_t c = 0; c < op->out_channels; c++) {
    const struct scale_scalar scale = split_scale(&op->channels[c]);
    line.bias = op->channels[c].bias;
    for (int32_t r = 0; r < rows; r++) {
      next_rows(op, &line, &in_rows[r * op->stride_height], c, r == 0, scratch);
      line.out = out_rows[r] + c;
      if (op->stride_width == 1) {
        convolve_line(&line, weights, &scale);
      } else {
        convolve_line_s2(&line, weights, &scale);
      }
    }
    weights += 9;
  }
}

#endif /* KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_3X3_SCALAR_H_ */
