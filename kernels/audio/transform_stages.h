/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages of the transform; the file that includes this one has the first of them, and all
 * others, of radix 4, as row_of_four: `span` butterflies side by side.
 *
 * A stage of radix r and span m makes transforms of r m points of r neighbouring ones of m points.
 * Factors of the first stage are one: 32767, by which a value of up to 14 bits rounds to itself.
 */
#ifndef KERNELS_AUDIO_TRANSFORM_STAGES_H_
#define KERNELS_AUDIO_TRANSFORM_STAGES_H_

#include <stdint.h>

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
