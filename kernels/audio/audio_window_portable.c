/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples times the window, in portable C.
 */
#include "audio.h"
#include "complex_q15.h"
#include "window_shift.h"

static inline int32_t windowed(const struct audio_spectrum *op, const int16_t *samples, int32_t i) {
  return i < op->samples ? (samples[i] * op->window[i]) >> 12 : 0;
}

int32_t audio_window_portable(const struct audio_spectrum *op, const int16_t *samples,
                              uint32_t *values) {
  uint32_t bits = 0;
  for (int32_t i = 0; i < op->points; i++) {
    const int32_t even = windowed(op, samples, 2 * i), odd = windowed(op, samples, 2 * i + 1);
    bits |= (uint32_t)(even < 0 ? -even : even) | (uint32_t)(odd < 0 ? -odd : odd);
    values[op->places[i]] = complex_of(even, odd);
  }
  return window_shift(values, op->points, bits);
}
