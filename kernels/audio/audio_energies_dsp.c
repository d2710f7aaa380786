/* SPDX-License-Identifier: Apache-2.0
 *
 * Bins of the real transform and their energies, with the DSP extension.
 */
#include "audio.h"
#include "complex_q15_dsp.h"

static inline uint32_t energy(uint32_t z) {
  uint32_t out;
  __asm__("smuad %0, %1, %1" : "=r"(out) : "r"(z) : "cc");
  return out;
}

void audio_energies_dsp(const struct audio_spectrum *op, uint32_t *values) {
  const uint32_t *split = op->split;
  uint32_t *near = values + 1, *far = values + op->points - 1;
  for (int32_t left = op->points / 2; left > 0; left--) {
    uint32_t low = *near, high = *far;
    complex_split(&low, &high, *split++);
    /* The bin in the middle is both; what counts is the second. */
    *near++ = energy(low);
    *far-- = energy(high);
  }
}
