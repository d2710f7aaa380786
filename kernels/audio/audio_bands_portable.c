/* SPDX-License-Identifier: Apache-2.0
 *
 * Mel filters: each bin lies between the centres of two and feeds both.
 */
#include "audio.h"

void audio_bands_portable(const struct audio_bands *op, const uint32_t *energies, int64_t *sums) {
  const uint32_t *energy = energies + op->first_bin;
  const int16_t *weight = op->weights;
  int64_t rising = 0;
  for (int32_t band = -1; band < op->bands; band++) {
    int64_t falling = rising;
    rising = 0;
    for (const uint32_t *const end = energy + op->bins[band + 1]; energy != end; energy++) {
      const int64_t value = (int32_t)*energy;
      falling += value * weight[0];
      rising += value * weight[1];
      weight += 2;
    }
    if (band >= 0) {
      sums[band] = falling;
    }
  }
}
