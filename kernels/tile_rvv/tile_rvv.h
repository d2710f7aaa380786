/* SPDX-License-Identifier: Apache-2.0
 *
 * The tile of dense convolutions and matrix products for vectors of RISC-V (RVV 1.0, Zve32x): up to
 * three pixels, all output channels, as many of them at a time as eight registers hold sums of 32
 * bits (32 where VLEN is 128). Any VLEN, weights, scales and clamp.
 *
 * Weight stream, N output channels and K inputs of a pixel: a word, 0 if all shifts are to the
 * right, else 1; bias [N] and multiplier [N] (int32), shift to the right [N] (int16); behind a 1,
 * shift to the left [N] (int8); weights [K][N] (int8).
 */
#ifndef KERNELS_TILE_RVV_TILE_RVV_H_
#define KERNELS_TILE_RVV_TILE_RVV_H_

#include <stdint.h>

enum { TILE_RVV_PIXELS = 3 };

/* The assembler relies on order and size of the members. */
struct tile_rvv {
  const int8_t *in; /* of the first pixel */
  int32_t stride;   /* bytes from pixel to pixel */
  int32_t inputs;   /* of a pixel */
  int32_t channels;
  int8_t *out; /* of the first pixel; pixels lie one behind the other */
  int32_t zero_point;
  int32_t low;
  int32_t high;
  const int32_t *bias;
  const int32_t *multipliers;
  const int16_t *rights;
  const int8_t *lefts; /* NULL: all shifts are to the right */
  const int8_t *weights;
};

/* Computes 1 to 3 pixels. Per input and 32 channels of three pixels 10 instructions for 96
 * products. */
void tile_rvv(const struct tile_rvv *tile, int32_t pixels);

/* Finds the parts of a weight stream. */
static inline void tile_rvv_stream(struct tile_rvv *tile, const void *stream, int32_t channels) {
  const int32_t *words = stream;
  tile->channels = channels;
  tile->bias = words + 1;
  tile->multipliers = tile->bias + channels;
  tile->rights = (const int16_t *)(tile->multipliers + channels);
  const int8_t *const bytes = (const int8_t *)(tile->rights + channels);
  tile->lefts = words[0] ? bytes : 0;
  tile->weights = words[0] ? bytes + channels : bytes;
}

#endif /* KERNELS_TILE_RVV_TILE_RVV_H_ */
