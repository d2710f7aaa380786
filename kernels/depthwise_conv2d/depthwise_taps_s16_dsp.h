/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of the taps of three output pixels, side by side, and the products of two channels along
 * them, for int16 kernels of the Armv7E-M DSP extension. Taps outside the image point to a pixel of
 * zeros.
 */
#ifndef KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_TAPS_S16_DSP_H_
#define KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_TAPS_S16_DSP_H_

#include <string.h>

#include "../common/tile_s16_dsp.h"
#include "depthwise_conv2d.h"

#define DEPTHWISE_S16_PIXELS 3

/* A tap of two channels: r2 has their weights, r3-r5 addresses, r12 the channel. */
#define DEPTHWISE_S16_TAP       \
  "ldr r3, [r3, r12]\n\t"       \
  "ldr r4, [r4, r12]\n\t"       \
  "ldr r5, [r5, r12]\n\t"       \
  "smlabb r6, r3, r2, r6\n\t"   \
  "smlatt r9, r3, r2, r9\n\t"   \
  "smlabb r7, r4, r2, r7\n\t"   \
  "smlatt r10, r4, r2, r10\n\t" \
  "smlabb r8, r5, r2, r8\n\t"   \
  "smlatt r11, r5, r2, r11\n\t"

/* Two taps, 92 bytes. r0 weights, r1 taps. */
#define DEPTHWISE_S16_BLOCK             \
  "ldr lr, [r0], #4\n\t"                \
  "ldm.w r1!, {r3, r4, r5}\n\t"         \
  "sxtb16 r2, lr\n\t" DEPTHWISE_S16_TAP \
  "ldm.w r1!, {r3, r4, r5}\n\t"         \
  "sxtb16 r2, lr, ror #8\n\t" DEPTHWISE_S16_TAP

/* Addresses of the taps of one of a tile's pixels, the first column being `left`. */
static inline void list_taps_s16(const struct depthwise_conv2d_s16 *op,
                                 const int8_t *const *in_rows, int32_t left,
                                 const arena_s16 *outside, const arena_s16 **taps) {
  const int32_t channels = op->out_channels, width = op->in_width;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    const arena_s16 *row = read_s16(*in_rows);
    in_rows += op->dilation_height;
    int32_t column = left;
    for (int32_t j = op->kernel_width; j > 0; j--) {
      *taps = (uint32_t)column < (uint32_t)width ? row + column * channels : outside;
      taps += DEPTHWISE_S16_PIXELS;
      column += op->dilation_width;
    }
  }
}

/* The pixel of zeros behind the lists, which the neighbour of an odd last tap points to. */
static inline const arena_s16 *clear_outside_s16(const arena_s16 **taps, int32_t pairs,
                                                 int32_t channels) {
  arena_s16 *outside = (arena_s16 *)(void *)(taps + 2 * DEPTHWISE_S16_PIXELS * pairs);
  memset(outside, 0, 2 * (size_t)channels);
  for (int32_t p = 1; p <= DEPTHWISE_S16_PIXELS; p++) {
    taps[2 * DEPTHWISE_S16_PIXELS * pairs - p] = outside;
  }
  return outside;
}

#endif /* KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_TAPS_S16_DSP_H_ */
