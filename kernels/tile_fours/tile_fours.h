/* SPDX-License-Identifier: Apache-2.0
 *
 * The tile of the dense convolutions with Helium that is fast: four pixels, all output channels,
 * whose scales are all below one half. K: inputs of a pixel; K' = K + K % 2.
 *
 * Weight stream: 16 spare bytes, then per four output channels the pairs (0, 2) and (1, 3). A pair:
 * the first (K' - 1) % 16 + 1 bytes of both rows, then 16 of the one and 16 of the other in turn,
 * then bias, multiplier, shift (int32, shift in [-31, -1]) of both. A row of odd K begins with a
 * zero. Channels that fill up the last four are zero.
 *
 * Lanes are pixels: so factors are scalars, and VQRDMLAH adds the sign, which moves ties of what
 * VRSHL rounds away from zero, to the product that it rounds. Pairs of channels are narrowed to 16
 * bits and pairs of pairs to 8, whence a lane is four neighbouring outputs of a pixel.
 */
#ifndef KERNELS_TILE_FOURS_TILE_FOURS_H_
#define KERNELS_TILE_FOURS_TILE_FOURS_H_

#include <arm_mve.h>
#include <stddef.h>
#include <stdint.h>

enum { FOURS_PIXELS = 4, FOURS_VECTOR = 16 };

/* The assembler relies on order and size of the members. */
struct tile_fours_mve {
  int32_t first_bytes; /* (K' - 1) % 16 + 1 */
  /* Where the vector begins that the first `first_bytes` inputs end: what lies in front of them is
   * read, and ignored. Of two pixels and less, windows[2] is NULL; all others can be read. */
  const int8_t *windows[FOURS_PIXELS];
  int32_t more_blocks; /* ceil(K / 16) - 1 */
  int32_t zero_point;
  int8_t *out; /* of the first pixel */
  int32_t channels;
  int32_t bytewise;    /* outputs of a pixel are no aligned words */
  const void *weights; /* behind the spare bytes */
  int32_t low;
  int32_t high;
  /* Bytes from `out` to the outputs of each pixel; where there are fewer, the last one's again. */
  int32_t offsets[FOURS_PIXELS];
  int32_t tiles; /* counted down; more than one: of four pixels each */
  int32_t step;  /* bytes from a tile's windows to those of the next one */
  int32_t skip;  /* bytes from the end of a tile's first pixel's outputs */
};

/* Computes and stores the tiles. A pair's block takes 14 instructions for 128 products. */
void tile_fours_mve(struct tile_fours_mve *tile);

/* Says how many inputs a pixel has; returns the bytes in front of them in the first vector. */
static inline int32_t fours_of(struct tile_fours_mve *tile, int32_t inputs) {
  const int32_t even = inputs + inputs % 2;
  tile->more_blocks = (inputs + FOURS_VECTOR - 1) / FOURS_VECTOR - 1;
  tile->first_bytes = even - FOURS_VECTOR * tile->more_blocks;
  return FOURS_VECTOR * (tile->more_blocks + 1) - inputs;
}

/* Names the windows of `pixels` pixels that lie `stride` bytes apart; `first` as windows[0]. */
static inline void fours_windows(struct tile_fours_mve *tile, const int8_t *first, int32_t stride,
                                 int32_t pixels) {
  tile->windows[0] = first;
  tile->windows[1] = first + (pixels > 1 ? stride : 0);
  tile->windows[2] = pixels > 2 ? first + 2 * stride : NULL;
  tile->windows[3] = first + (pixels > 3 ? 3 : 2) * (pixels > 2 ? stride : 0);
}

/* Outputs of `pixels` pixels, one behind the other. */
static inline void fours_offsets(struct tile_fours_mve *tile, int32_t channels, int32_t pixels) {
  const int32x4_t all = vmulq_n_s32(vreinterpretq_s32_u32(vidupq_n_u32(0, 1)), channels);
  vst1q_s32(tile->offsets, vminq_s32(all, vdupq_n_s32((pixels - 1) * channels)));
}

#endif /* KERNELS_TILE_FOURS_TILE_FOURS_H_ */
