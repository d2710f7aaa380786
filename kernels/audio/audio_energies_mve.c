/* SPDX-License-Identifier: Apache-2.0
 *
 * Bins of the real transform and their energies, with Helium: those of four bins and of the four
 * that mirror them at a time.
 */
#include "audio.h"
#include "complex_q15_mve.h"

static inline uint32x4_t energies4(int16x8_t z) {
  const int32x4_t sums = vaddq_s32(vmullbq_int_s16(z, z), vmulltq_int_s16(z, z));
  return vreinterpretq_u32_s32(sums);
}

static inline int16x8_t words_as_pairs(uint32x4_t words) {
  return vreinterpretq_s16_u32(words);
}

void audio_energies_mve(const struct audio_spectrum *op, uint32_t *values) {
  const uint32_t *split = op->split;
  uint32_t *near = values + 1, *far = values + op->points - 4;
  const uint32x4_t backwards = vsubq_u32(vdupq_n_u32(12), vidupq_n_u32(0, 4));
  const mve_pred16_t imaginary = imaginary_parts();
  for (int32_t left = op->points / 8; left > 0; left--) {
    const int16x8_t low = words_as_pairs(vldrwq_u32(near));
    const int16x8_t high = words_as_pairs(vldrwq_gather_offset_u32(far, backwards));
    const struct bins_mve bins = split4(low, high, words_as_pairs(vldrwq_u32(split)), imaginary);
    /* The bin in the middle is both; what counts is the second. */
    vstrwq_u32(near, energies4(bins.near));
    vstrwq_scatter_offset_u32(far, backwards, energies4(bins.far));
    near += 4;
    far -= 4;
    split += 4;
  }
}
