/* SPDX-License-Identifier: Apache-2.0
 *
 * Mel filters: each bin lies between the centres of two and feeds both.
 */
#include "audio_wide.h"

/* value * weight of 48 and 16 bits. */
static inline uint64_t weighted(uint64_t value, uint32_t weight) {
  const uint32_t upper = (uint32_t)(value >> 32) * weight;
  return (uint64_t)(uint32_t)value * weight + ((uint64_t)upper << 32);
}

void audio_wide_bands_portable(const struct audio_bands *op, const union audio_bin *bins,
                               uint64_t *sums) {
  const union audio_bin *bin = bins + op->first_bin;
  const int16_t *weight = op->weights;
  uint64_t rising = 0;
  for (int32_t band = -1; band < op->bands; band++) {
    uint64_t falling = rising;
    rising = 0;
    for (const union audio_bin *const end = bin + op->bins[band + 1]; bin != end; bin++) {
      falling += weighted(bin->value, (uint32_t)weight[0]);
      rising += weighted(bin->value, (uint32_t)weight[1]);
      weight += 2;
    }
    if (band >= 0) {
      sums[band] = falling;
    }
  }
}
