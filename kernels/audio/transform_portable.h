/* SPDX-License-Identifier: Apache-2.0
 *
 * The transform in portable C.
 */
#ifndef KERNELS_AUDIO_TRANSFORM_PORTABLE_H_
#define KERNELS_AUDIO_TRANSFORM_PORTABLE_H_

#include "complex_q15.h"

static inline int32_t shifted_part(int32_t part, int32_t factor, int32_t shift) {
  return (part * factor + (Q15_HALF >> shift)) >> (15 - shift);
}

static inline uint32_t complex_scale_shifted(uint32_t z, int32_t factor, int32_t shift) {
  return complex_of(shifted_part(real_part(z), factor, shift),
                    shifted_part(imaginary_part(z), factor, shift));
}

#include "butterfly.h"

static inline void row_of_four(uint32_t *values, int32_t span, const uint32_t *factors) {
  for (const uint32_t *const last = values + span; values != last; values++) {
    const uint32_t a = complex_scale(values[0], Q15_ONE / 4);
    const uint32_t b = complex_multiply(complex_scale(values[span], Q15_ONE / 4), factors[0]);
    const uint32_t c =
        complex_multiply(complex_scale(values[2 * span], Q15_ONE / 4), factors[span]);
    const uint32_t d =
        complex_multiply(complex_scale(values[3 * span], Q15_ONE / 4), factors[2 * span]);
    butterfly(values, span, a, b, c, d);
    factors++;
  }
}

#include "first_stage.h"
#include "transform_stages.h"

#endif /* KERNELS_AUDIO_TRANSFORM_PORTABLE_H_ */
