/* SPDX-License-Identifier: Apache-2.0
 *
 * 3 x 3 windows, strides across of 1 or 2, no dilation, multiplier 1, for the instructions of
 * Armv6-M. A channel is made in all rows of a call before the next; the sums of a row are known
 * before any of its outputs is written. Of several rows, each row of a channel is copied once, so
 * output rows may lie over input rows of the same call.
 *
 * weights: int8 [out_channels, 9]. scratch, 4-byte aligned: out_width + 2 sums of 4 bytes; behind
 * them, if a call has several rows, three rows of in_width bytes.
 */
#include "../common/requant_thumb.h"
#include "depthwise_3x3_thumb.h"
#include "depthwise_conv2d.h"

/* Each of these once in the code: inlined and unrolled they take three times as much of it. */
#define ONCE static __attribute__((noinline))

/* What does not change within a call. */
struct geometry {
  int32_t left;   /* columns before the image */
  int32_t inside; /* of those that are read */
  int32_t right;  /* behind the image */
};

ONCE struct geometry geometry_of(const struct depthwise_conv2d_s8 *op) {
  const int32_t columns = (op->out_width - 1) * op->stride_width + 3;
  const int32_t most = columns - op->pad_left;
  const int32_t inside = most < op->in_width ? most : op->in_width;
  const struct geometry geometry = {op->pad_left, inside, most - inside};
  return geometry;
}

/* A column beside the image, whose products are the same wherever it is. */
static void pass_outside(struct columns_thumb *line, const int32_t outside[3]) {
  *line->sums++ = line->open[0] + outside[2];
  line->open[0] = line->open[1] + outside[1];
  line->open[1] = line->bias + outside[0];
}

/* Sums of a row; returns the first that means something. */
ONCE const int32_t *sum_row(struct columns_thumb *line, const int32_t outside[3],
                            const struct geometry *geometry) {
  const int32_t *sums = line->sums;
  for (int32_t i = 0; i < geometry->left; i++) {
    pass_outside(line, outside);
  }
  sum_columns_thumb(line);
  for (int32_t i = 0; i < geometry->right; i++) {
    pass_outside(line, outside);
  }
  return sums + 2;
}

/* The same with a stride of 2. Columns beside the image begin a window of which those inside are
 * the rest, or end one. */
ONCE const int32_t *sum_row_s2(struct columns_thumb *line, const int32_t outside[3],
                               const struct geometry *geometry) {
  const int32_t *first = line->sums;
  if (geometry->left == 0) {
    first++;
  } else {
    line->open[0] = line->bias + outside[0] + outside[1];
    if (geometry->left == 1) {
      line->open[0] -= outside[1];
      for (int32_t i = 0; i < 3; i++) {
        line->open[0] += line->ends[i][-line->distance] * line->weights[3 * i + 1];
      }
      line->distance -= line->step;
    }
  }
  if (line->distance > 0) {
    sum_columns_s2_thumb(line);
  }
  if (geometry->right) {
    *line->sums = line->open[0] + outside[2] + (geometry->right > 1 ? outside[1] : 0);
  }
  return first;
}

ONCE void copy_row(const int8_t *from, int8_t *to, int32_t count, int32_t step) {
  for (; count > 0; count--) {
    *to++ = *from;
    from += step;
    /* Compilers that see the step make loops of their own for some. */
    __asm__ volatile("" : "+r"(from));
  }
}

ONCE void store_row(const struct depthwise_conv2d_s8 *op, const struct scale_scalar *scale,
                    const int32_t *sums, int8_t *out) {
  const int32_t step = op->out_channels, zero_point = op->out_zero_point;
  const int32_t low = op->out_min, high = op->out_max;
  for (int32_t left = op->out_width; left > 0; left--) {
    *out = clamp_s8(requantize_thumb(*sums++, scale) + zero_point, low, high);
    out += step;
  }
}

/* The rows of taps of output row r of a channel: the input's, or copies of which the upper ones are
 * there already. */
ONCE void find_taps(const struct depthwise_conv2d_s8 *op, const int8_t *const *window, int32_t r,
                    int8_t *copies, const struct geometry *geometry, struct columns_thumb *line) {
  const int32_t step = copies ? 1 : op->in_channels;
  const int32_t known = copies && r > 0 ? 3 - op->stride_height : 0;
  int32_t slot = copies ? r * op->stride_height % 3 : 0;
  line->step = step;
  line->distance = geometry->inside * step;
  for (int32_t i = 0; i < 3; i++) {
    const int8_t *row = window[i];
    if (copies) {
      int8_t *copy = copies + slot * geometry->inside;
      if (i >= known) {
        copy_row(row, copy, geometry->inside, op->in_channels);
      }
      row = copy;
      slot = slot == 2 ? 0 : slot + 1;
    }
    line->ends[i] = row + line->distance;
  }
}

void depthwise_conv2d_s8_3x3_thumb(const struct depthwise_conv2d_s8 *op,
                                   const int8_t *const *in_rows, int8_t *const *out_rows,
                                   int32_t rows, void *scratch) {
  const struct geometry geometry = geometry_of(op);
  int32_t *const sums = scratch;
  int8_t *const copies = rows > 1 ? (int8_t *)(sums + op->out_width + 2) : 0;
  const int8_t *weights = op->weights;
  struct columns_thumb line;
  line.open[0] = line.open[1] = 0;
  for (int32_t c = 0; c < op->out_channels; c++) {
    const struct scale_scalar scale = split_scale(&op->channels[c]);
    int32_t outside[3];
    line.bias = op->channels[c].bias;
    for (int32_t i = 0; i < 9; i++) {
      line.weights[i] = *weights++;
    }
    for (int32_t j = 0; j < 3; j++) {
      outside[j] =
          op->in_zero_point * (line.weights[j] + line.weights[3 + j] + line.weights[6 + j]);
    }
    for (int32_t r = 0; r < rows; r++) {
      const int8_t *window[3];
      for (int32_t i = 0; i < 3; i++) {
        window[i] = in_rows[r * op->stride_height + i] + c;
      }
      find_taps(op, window, r, copies, &geometry, &line);
      line.sums = sums;
      const int32_t *first = op->stride_width == 1 ? sum_row(&line, outside, &geometry)
                                                   : sum_row_s2(&line, outside, &geometry);
      store_row(op, &scale, first, out_rows[r] + c);
    }
  }
}
