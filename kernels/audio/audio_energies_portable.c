/* SPDX-License-Identifier: Apache-2.0
 *
 * Bins of the real transform and their energies, in portable C.
 */
#include "audio.h"
#include "complex_q15.h"

/* re^2 + im^2 as 32 bits. */
static inline uint32_t energy(uint32_t z) {
  const int32_t re = real_part(z), im = imaginary_part(z);
  return (uint32_t)(re * re) + (uint32_t)(im * im);
}

void audio_energies_portable(const struct audio_spectrum *op, uint32_t *values) {
  for (int32_t k = 1; k <= op->points / 2; k++) {
    uint32_t near = values[k], far = values[op->points - k];
    complex_split(&near, &far, op->split[k - 1]);
    /* The bin in the middle is both; what counts is the second. */
    values[k] = energy(near);
    values[op->points - k] = energy(far);
  }
}
