/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution with depth multiplier 1 and any window, stride, dilation and padding: 16
 * channels side by side in vectors, up to 4 pixels at a time.
 *
 * Weight stream, per block of 16 channels in the order of isa_simd.h, K = kernel_height *
 * kernel_width:
 *
 *   struct simd_channels
 *   int16 [K rounded up to even / 2][16][2], zeros in the filling
 *
 * The last block ends at the last channel: with 24 channels there are blocks from 0 and from 8. Of
 * fewer than 16 channels, the rest of the only block is filling.
 *
 * Scratch: pointers to taps, K rounded up to even, and to kernel_height rows; a pixel of padding;
 * with fewer than 16 channels copies of these rows, 16 bytes of filling behind each, because 16
 * bytes are read of every tap.
 */
#include "depthwise_conv2d.h"
#include "../common/channels_simd.h"

#define TILE_PIXELS 4

struct window {
  const struct depthwise_conv2d_s8 *op;
  struct simd_edges edges;
  const int8_t *padding;
  const int8_t **taps; /* the channels of each tap */
  int32_t tap_count;   /* rounded up to even */
};

/* Points to the taps of the window from a column on. */
static void point_to_taps(const struct window *window, const int8_t *const *rows, int32_t column) {
  const struct depthwise_conv2d_s8 *op = window->op;
  const int8_t **taps = window->taps;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    const int8_t *row = rows[i];
    for (int32_t j = 0; j < op->kernel_width; j++) {
      const int32_t tap = column + j * op->dilation_width;
      const int inside = tap >= 0 && tap < op->in_width;
      *taps++ = inside ? &row[tap * op->in_channels] : window->padding;
    }
  }
  if (op->kernel_height * op->kernel_width < window->tap_count) {
    *taps = window->taps[0]; /* its weights are 0 */
  }
}

/* A block of channels of some neighbouring pixels, whose taps lie `step` bytes apart; `pixels` is a
 * constant wherever this is inlined. */
SIMD_INLINE void convolve_block(const struct window *window, const struct simd_channels *channels,
                                int32_t offset, int32_t step, int8_t *out, int32_t pixels) {
  const int8_t *weights = (const int8_t *)(channels + 1);
  const int32_t out_channels = window->op->out_channels;
  struct simd_sums sums[TILE_PIXELS];
  for (int32_t p = 0; p < pixels; p++) {
    sums[p] = simd_biases(channels);
  }
  for (int32_t t = 0; t < window->tap_count; t += 2) {
    const simd_shorts low = (simd_shorts)simd_load_words(weights);
    const simd_shorts high = (simd_shorts)simd_load_words(weights + sizeof low);
    const int8_t *first = &window->taps[t][offset];
    const int8_t *second = &window->taps[t + 1][offset];
    for (int32_t p = 0; p < pixels; p++) {
      const simd_shorts a = simd_widen(&first[p * step]);
      const simd_shorts b = simd_widen(&second[p * step]);
      sums[p].low = simd_add_products(sums[p].low, simd_interleave_low(a, b), low);
      sums[p].high = simd_add_products(sums[p].high, simd_interleave_high(a, b), high);
    }
    weights += sizeof low + sizeof high;
  }
  for (int32_t p = 0; p < pixels; p++) {
    simd_store(out, sums[p], channels, &window->edges, simd_block_channels(out_channels));
    out += out_channels;
  }
}

SIMD_INLINE void convolve_channels(const struct window *window, int32_t offset, int8_t *out,
                                   int32_t pixels) {
  const struct depthwise_conv2d_s8 *op = window->op;
  const int32_t step = op->stride_width * op->in_channels;
  const int32_t block_bytes =
      (int32_t)sizeof(struct simd_channels) + window->tap_count * SIMD_BLOCK * 2;
  const int8_t *stream = op->weights;
  int32_t channel = 0;
  for (;;) {
    convolve_block(window, (const struct simd_channels *)(const void *)stream, offset + channel,
                   step, &out[channel], pixels);
    if (channel + SIMD_BLOCK >= op->out_channels) {
      return;
    }
    stream += block_bytes;
    channel = simd_next_block(channel, op->out_channels);
  }
}

/* Pixels whose windows lie in the image as the first one's does. */
static void convolve_inside(const struct window *window, int8_t *out, int32_t pixels) {
  const struct depthwise_conv2d_s8 *op = window->op;
  const int32_t step = op->stride_width * op->in_channels;
  int32_t offset = 0;
  for (; pixels >= TILE_PIXELS; pixels -= TILE_PIXELS) {
    convolve_channels(window, offset, out, TILE_PIXELS);
    offset += TILE_PIXELS * step;
    out += TILE_PIXELS * op->out_channels;
  }
  if (pixels == 3) {
    convolve_channels(window, offset, out, 3);
  } else if (pixels == 2) {
    convolve_channels(window, offset, out, 2);
  } else if (pixels == 1) {
    convolve_channels(window, offset, out, 1);
  }
}

static void convolve_row(const struct window *window, const int8_t *const *rows, int8_t *out) {
  const struct depthwise_conv2d_s8 *op = window->op;
  const int32_t reach = (op->kernel_width - 1) * op->dilation_width;
  int32_t column = -op->pad_left;
  int32_t left = op->out_width;
  while (left > 0) {
    const int32_t room = op->in_width - 1 - reach - column; /* right of the window */
    int32_t pixels = 1;
    if (column >= 0 && room >= 0) {
      pixels += room / op->stride_width;
      pixels = pixels < left ? pixels : left;
    }
    point_to_taps(window, rows, column);
    convolve_inside(window, out, pixels);
    column += pixels * op->stride_width;
    out += pixels * op->out_channels;
    left -= pixels;
  }
}

/* Scratch is aligned for int32 only. */
static const int8_t **aligned_pointers(void *scratch) {
  const uintptr_t size = sizeof(const int8_t *);
  return (const int8_t **)(((uintptr_t)scratch + size - 1) / size * size);
}

void depthwise_conv2d_s8_simd(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                              int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t height = op->kernel_height;
  const int32_t tap_count = (height * op->kernel_width + 1) / 2 * 2;
  const int32_t row_bytes = op->in_width * op->in_channels;
  const int is_narrow = op->in_channels < SIMD_BLOCK;
  const int32_t padding_bytes = is_narrow ? SIMD_BLOCK : op->in_channels;
  const int8_t **taps = aligned_pointers(scratch);
  const int8_t **window_rows = taps + tap_count;
  int8_t *padding = (int8_t *)(window_rows + height);
  const struct simd_edges edges = {op->out_zero_point, op->out_min, op->out_max};
  const struct window window = {op, edges, padding, taps, tap_count};
  memset(padding, op->in_zero_point, (size_t)padding_bytes);
  for (int32_t r = 0; r < rows; r++) {
    int8_t *copy = padding + padding_bytes;
    for (int32_t i = 0; i < height; i++) {
      window_rows[i] = in_rows[i * op->dilation_height];
      if (is_narrow) {
        memcpy(copy, window_rows[i], (size_t)row_bytes);
        memset(copy + row_bytes, 0, SIMD_BLOCK);
        window_rows[i] = copy;
        copy += row_bytes + SIMD_BLOCK;
      }
    }
    convolve_row(&window, window_rows, out_rows[r]);
    in_rows += op->stride_height;
  }
}
