/* SPDX-License-Identifier: Apache-2.0
 *
 * The first stage of the transform, value by value; the file that includes this one has complex
 * numbers.
 */
#ifndef KERNELS_AUDIO_FIRST_STAGE_H_
#define KERNELS_AUDIO_FIRST_STAGE_H_

#include <stdint.h>

/* The first stage shifts its inputs to the left as it scales them. */
static inline void first_stage(uint32_t *values, int32_t points, int32_t radix, int32_t shift) {
  const uint32_t *const end = values + points;
  if (shift >= 15) {
    shift = 14; /* no input but zeros */
  }
  if (radix == 2) {
    for (; values != end; values += 2) {
      const uint32_t a = complex_scale_shifted(values[0], Q15_ONE / 2, shift);
      const uint32_t b = complex_scale_shifted(values[1], Q15_ONE / 2, shift);
      values[0] = complex_add(a, b);
      values[1] = complex_subtract(a, b);
    }
    return;
  }
  for (; values != end; values += 4) {
    const uint32_t a = complex_scale_shifted(values[0], Q15_ONE / 4, shift);
    const uint32_t b = complex_scale_shifted(values[1], Q15_ONE / 4, shift);
    const uint32_t c = complex_scale_shifted(values[2], Q15_ONE / 4, shift);
    const uint32_t d = complex_scale_shifted(values[3], Q15_ONE / 4, shift);
    butterfly(values, 1, a, b, c, d);
  }
}

#endif /* KERNELS_AUDIO_FIRST_STAGE_H_ */
