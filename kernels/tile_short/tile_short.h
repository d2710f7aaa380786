/* SPDX-License-Identifier: Apache-2.0
 *
 * tile_fours.h for at most 16 inputs of a pixel: those of four pixels stay in registers while
 * all channels are computed.
 *
 * Weight stream: that of tile_fours.h, but a row of odd K ends with the zero, and nothing is
 * spared in front.
 */
#ifndef KERNELS_TILE_SHORT_TILE_SHORT_H_
#define KERNELS_TILE_SHORT_TILE_SHORT_H_

#include <arm_mve.h>
#include <stdint.h>

enum { SHORT_PIXELS = 4, SHORT_VECTOR = 16 };

/* The assembler relies on order and size of the members. */
struct tile_short_mve {
  int8_t *out;  /* of the first pixel */
  int32_t row;  /* K' */
  int32_t taps; /* K */
  int32_t zero_point;
  /* Of four pixels; where there are fewer, the last one again, here and in `offsets`. */
  const int8_t *windows[SHORT_PIXELS];
  int32_t tiles; /* counted down; more than one: of four pixels each */
  int32_t step;  /* bytes from a tile's windows to those of the next one */
  int32_t skip;  /* bytes from the end of a tile's first pixel's outputs */
  const void *weights;
  int32_t channels;
  int32_t bytewise; /* outputs of a pixel are no aligned words */
  int8_t lows[SHORT_VECTOR];
  int8_t highs[SHORT_VECTOR];
  int32_t offsets[SHORT_PIXELS]; /* bytes from `out` to the outputs of each pixel */
};

/* Computes and stores the tiles. 69 instructions for 16 outputs. */
void tile_short_mve(struct tile_short_mve *tile);

/* Names the windows of `pixels` pixels that lie `stride` bytes apart. */
static inline void short_windows(struct tile_short_mve *tile, const int8_t *first, int32_t stride,
                                 int32_t pixels) {
  for (int32_t i = 0; i < SHORT_PIXELS; i++) {
    tile->windows[i] = first;
    first += i + 1 < pixels ? stride : 0;
  }
}

#endif /* KERNELS_TILE_SHORT_TILE_SHORT_H_ */
