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

/* The conjugate: 0 - im wraps around. */
static inline uint32_t conjugate(uint32_t z) {
  uint32_t negated, out;
  __asm__("ssub16 %0, %1, %2" : "=r"(negated) : "r"(0), "r"(z) : "cc");
  __asm__("pkhbt %0, %1, %2" : "=r"(out) : "r"(z), "r"(negated));
  return out;
}

void audio_energies_dsp(const struct audio_spectrum *op, uint32_t *values) {
  const uint32_t *split = op->split;
  uint32_t *near = values + 1, *far = values + op->points - 1;
  for (int32_t left = op->points / 2; left > 0; left--) {
    const uint32_t a = complex_scale(*near, Q15_ONE / 2);
    const uint32_t b = complex_scale(conjugate(*far), Q15_ONE / 2);
    const uint32_t sum = complex_add(a, b);
    const uint32_t turned = complex_multiply(complex_subtract(a, b), *split++);
    const uint32_t re = complex_half_difference(sum, turned);
    const uint32_t im = complex_half_difference(turned, sum);
    uint32_t second;
    __asm__("pkhbt %0, %1, %2" : "=r"(second) : "r"(re), "r"(im));
    /* The bin in the middle is both; what counts is the second. */
    *near++ = energy(complex_half_sum(sum, turned));
    *far-- = energy(second);
  }
}
