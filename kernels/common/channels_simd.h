/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of a block of 16 output channels, and how they become int8.
 */
#ifndef KERNELS_COMMON_CHANNELS_SIMD_H_
#define KERNELS_COMMON_CHANNELS_SIMD_H_

#include "isa_simd.h"

/* At the head of a block's weights; channels in the order of isa_simd.h. */
struct simd_channels {
  int32_t bias[SIMD_BLOCK]; /* with the input zero point folded in */
  int32_t multiplier[SIMD_BLOCK];
  int32_t shift[SIMD_BLOCK]; /* as in struct channel_s8 */
};

struct simd_sums {
  simd_words low;
  simd_words high;
};

struct simd_edges {
  int32_t zero_point;
  int32_t out_min;
  int32_t out_max;
};

/* Where the block behind another one starts: the last one ends at the last channel. */
static inline int32_t simd_next_block(int32_t start, int32_t channels) {
  const int32_t last = channels - SIMD_BLOCK;
  return start + SIMD_BLOCK < last ? start + SIMD_BLOCK : last;
}

static inline int32_t simd_block_channels(int32_t channels) {
  return channels < SIMD_BLOCK ? channels : SIMD_BLOCK;
}

SIMD_INLINE struct simd_sums simd_biases(const struct simd_channels *channels) {
  return (struct simd_sums){simd_load_words(channels->bias),
                            simd_load_words(channels->bias + SIMD_LANES)};
}

/* requantize() of requant.h in every lane, without branches; then zero point and clamp.
 * Comparisons of vectors give -1 where they hold. */
SIMD_INLINE simd_words simd_requantize(simd_words x, const int32_t *multiplier,
                                       const int32_t *shift, const struct simd_edges *edges) {
  const simd_words shifts = simd_load_words(shift);
  const simd_words is_right = shifts < 0;
  const simd_unsigned_words left = (simd_unsigned_words)(shifts & ~is_right);
  const simd_words right = -(shifts & is_right);
  const simd_words mask = (simd_words)(((simd_unsigned_words)simd_all(1) << right) - 1);
  const simd_words shifted = (simd_words)((simd_unsigned_words)x << left);
  const simd_words scaled = simd_multiply_high(shifted, simd_load_words(multiplier));
  const simd_words up = (scaled & mask) > (mask >> 1) - (scaled < 0);
  return simd_clamp((scaled >> right) - up + edges->zero_point, simd_all(edges->out_min),
                    simd_all(edges->out_max));
}

/* Stores the int8 results of the first `count` channels, at most 16. */
SIMD_INLINE void simd_store(int8_t *out, struct simd_sums sums,
                            const struct simd_channels *channels, const struct simd_edges *edges,
                            int32_t count) {
  const simd_words low = simd_requantize(sums.low, channels->multiplier, channels->shift, edges);
  const simd_words high = simd_requantize(sums.high, channels->multiplier + SIMD_LANES,
                                          channels->shift + SIMD_LANES, edges);
  const simd_bytes results = simd_narrow(low, high);
  if (count == SIMD_BLOCK) {
    memcpy(out, &results, SIMD_BLOCK);
    return;
  }
  int8_t bytes[SIMD_BLOCK];
  memcpy(bytes, &results, SIMD_BLOCK);
  int32_t done = 0;
  for (int32_t size = SIMD_BLOCK / 2; size > 0; size /= 2) { /* constant sizes, once unrolled */
    if (count & size) {
      memcpy(&out[done], &bytes[done], (size_t)size);
      done += size;
    }
  }
}

#endif /* KERNELS_COMMON_CHANNELS_SIMD_H_ */
