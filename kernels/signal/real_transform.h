/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of samples to their spectra; the file that includes this one has the complex transform.
 */
#ifndef KERNELS_SIGNAL_REAL_TRANSFORM_H_
#define KERNELS_SIGNAL_REAL_TRANSFORM_H_

#include "../common/values_s16.h"
#include "signal.h"

static inline void put_bin(arena_s16 *spectrum, int32_t bin, uint32_t value) {
  spectrum[2 * bin] = (int16_t)(value & 0xFFFF);
  spectrum[2 * bin + 1] = (int16_t)(value >> 16);
}

static inline void place_samples(const struct signal_rfft *op, const arena_s16 *frame,
                                 uint32_t *values) {
  const int32_t samples = op->samples;
  for (int32_t i = 0; i < op->points; i++) {
    const uint32_t even = 2 * i < samples ? (uint16_t)frame[2 * i] : 0;
    const uint32_t odd = 2 * i + 1 < samples ? (uint16_t)frame[2 * i + 1] : 0;
    values[op->places[i]] = even | odd << 16;
  }
}

static inline void real_transforms(const struct signal_rfft *op, const int8_t *in, int8_t *out,
                                   void *scratch) {
  const int32_t points = op->points;
  const arena_s16 *frame = read_s16(in);
  arena_s16 *spectrum = write_s16(out);
  uint32_t *values = scratch;
  for (int32_t i = 0; i < op->frames; i++) {
    place_samples(op, frame, values);
    transform(values, points, op->twiddles, 0);
    const uint32_t first = complex_scale(values[0], Q15_ONE / 2);
    const uint32_t turned = first >> 16;
    put_bin(spectrum, 0, (first + turned) & 0xFFFF);
    put_bin(spectrum, points, (first - turned) & 0xFFFF);
    for (int32_t k = 1; k <= points / 2; k++) {
      uint32_t near = values[k], far = values[points - k];
      complex_split(&near, &far, op->split[k - 1]);
      /* The bin in the middle is both; what counts is the second. */
      put_bin(spectrum, k, near);
      put_bin(spectrum, points - k, far);
    }
    frame += op->samples;
    spectrum += 2 * (points + 1);
  }
}

#endif /* KERNELS_SIGNAL_REAL_TRANSFORM_H_ */
