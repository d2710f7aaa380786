/* SPDX-License-Identifier: Apache-2.0
 *
 * The inputs of a tile's pixels side by side, for conv2d_tile_s16_dsp.h: for each two inputs a word
 * of each pixel.
 */
#ifndef KERNELS_CONV2D_CONV2D_GATHER_S16_DSP_H_
#define KERNELS_CONV2D_CONV2D_GATHER_S16_DSP_H_

#include <stddef.h>
#include <string.h>

#include "conv2d.h"

/* Inputs k and k + 1 of a pixel, at any even address. */
static inline uint32_t tile_word(const arena_s16 *values) {
  uint32_t word;
  memcpy(&word, values, 4);
  return word;
}

/* The inputs of two or three pixels side by side, never past their own. */
static inline void gather_pixels_s16(const arena_s16 *in, int32_t channels, int32_t step,
                                     int32_t pixels, uint32_t *to) {
  const arena_s16 *const end = in + (channels & ~1);
  if (pixels == 3) {
    for (; in < end; in += 2) {
      *to++ = tile_word(in);
      *to++ = tile_word(in + step);
      *to++ = tile_word(in + 2 * step);
    }
  } else {
    for (; in < end; in += 2) {
      *to++ = tile_word(in);
      *to++ = tile_word(in + step);
    }
  }
  if (channels & 1) {
    for (int32_t p = 0; p < pixels; p++) {
      *to++ = (uint16_t)in[p * step];
    }
  }
}

/* Where a pixel's next input goes: a word of each of `pixels` pixels holds two inputs. */
struct place_s16 {
  uint32_t *word;
  int32_t half; /* 1: the lower half is there */
  int32_t pixels;
};

static inline void put_s16(struct place_s16 *to, uint16_t value) {
  if (to->half) {
    *to->word |= (uint32_t)value << 16;
    to->word += to->pixels;
  } else {
    *to->word = value;
  }
  to->half = !to->half;
}

/* `count` values of a row, or zeros for NULL. */
static inline void put_run_s16(struct place_s16 *to, const arena_s16 *values, int32_t count) {
  if (values == NULL) {
    while (count-- > 0) {
      put_s16(to, 0);
    }
    return;
  }
  if (to->half && count > 0) {
    put_s16(to, (uint16_t)*values++);
    count--;
  }
  uint32_t *word = to->word;
  const int32_t pixels = to->pixels;
  for (; count >= 2; count -= 2) {
    *word = tile_word(values);
    word += pixels;
    values += 2;
  }
  to->word = word;
  if (count > 0) {
    put_s16(to, (uint16_t)*values);
  }
}

/* A kernel row of the window that begins at column `left`. */
static inline void put_row_s16(const struct conv2d_s16 *op, struct place_s16 *to,
                               const arena_s16 *row, int32_t left) {
  const int32_t channels = op->in_channels, width = op->kernel_width, step = op->dilation_width;
  if (step == 1 && left >= 0 && left + width <= op->in_width) {
    put_run_s16(to, row + left * channels, width * channels);
    return;
  }
  for (int32_t j = 0; j < width; j++) {
    const int32_t column = left + j * step;
    const int32_t inside = column >= 0 && column < op->in_width;
    put_run_s16(to, inside ? row + column * channels : NULL, channels);
  }
}

/* The window of output pixel x, as one of `pixels` side by side. */
static inline void gather_window_s16(const struct conv2d_s16 *op, const int8_t *const *in_rows,
                                     int32_t x, uint32_t *to, int32_t pixels) {
  struct place_s16 place = {to, 0, pixels};
  const int32_t left = x * op->stride_width - op->pad_left;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    put_row_s16(op, &place, read_s16(in_rows[i * op->dilation_height]), left);
  }
}

#endif /* KERNELS_CONV2D_CONV2D_GATHER_S16_DSP_H_ */
