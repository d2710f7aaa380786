/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages of the transform; the file that includes this one has complex numbers, and
 * all stages of radix 4 but the first as row_of_four: `span` butterflies side by side.
 *
 * A stage of radix r and span m makes transforms of r m points of r neighbouring ones of m points.
 * Factors of the first stage are one: 32767, by which a value of up to 14 bits rounds to itself.
 */
#ifndef KERNELS_AUDIO_TRANSFORM_STAGES_H_
#define KERNELS_AUDIO_TRANSFORM_STAGES_H_

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

static inline void transform(uint32_t *values, int32_t points, const uint32_t *twiddles,
                             int32_t shift) {
  const uint32_t *const end = values + points;
  int32_t radix = 4;
  for (int32_t left = points; left > 1; left >>= 2) {
    radix = left == 2 ? 2 : 4;
  }
  first_stage(values, points, radix, shift);
  for (int32_t span = radix; span < points; span *= 4) {
    for (uint32_t *group = values; group != end; group += 4 * span) {
      row_of_four(group, span, twiddles);
    }
    twiddles += 3 * span;
  }
}

#endif /* KERNELS_AUDIO_TRANSFORM_STAGES_H_ */
