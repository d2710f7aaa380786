/* SPDX-License-Identifier: Apache-2.0
 *
 * Bins of the real transform and their energies, in portable C.
 */
#include "audio.h"
#include "complex_q15.h"

/* re^2 + im^2 as 32 bits. */
static inline uint32_t energy(int32_t re, int32_t im) {
  return (uint32_t)(re * re) + (uint32_t)(im * im);
}

void audio_energies_portable(const struct audio_spectrum *op, uint32_t *values) {
  for (int32_t k = 1; k <= op->points / 2; k++) {
    const uint32_t far = values[op->points - k];
    const uint32_t a = complex_scale(values[k], Q15_ONE / 2);
    const uint32_t b = complex_scale(complex_of(real_part(far), -imaginary_part(far)), Q15_ONE / 2);
    const uint32_t sum = complex_add(a, b);
    const uint32_t turned = complex_multiply(complex_subtract(a, b), op->split[k - 1]);
    const int32_t re = real_part(sum), im = imaginary_part(sum);
    const int32_t turned_re = real_part(turned), turned_im = imaginary_part(turned);
    /* The bin in the middle is both; what counts is the second. */
    values[k] = energy((re + turned_re) >> 1, (im + turned_im) >> 1);
    values[op->points - k] = energy((re - turned_re) >> 1, (turned_im - im) >> 1);
  }
}
