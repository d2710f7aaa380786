/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples times the window with Helium, eight at a time.
 */
#include <arm_mve.h>

#include "audio.h"
#include "window_shift.h"

static inline int16x8_t windowed(int16x8_t samples, int16x8_t window) {
  const int32x4_t even = vmullbq_int_s16(samples, window);
  const int32x4_t odd = vmulltq_int_s16(samples, window);
  return vshrntq_n_s32(vshrnbq_n_s32(samples, even, 12), odd, 12);
}

static inline uint16x8_t with_magnitudes(uint16x8_t bits, int16x8_t made) {
  return vorrq_u16(bits, vreinterpretq_u16_s16(vabsq_s16(made)));
}

static inline void put_pairs(uint32_t *values, const uint16_t *place, int16x8_t made) {
  vstrwq_scatter_shifted_offset_u32(values, vldrhq_u32(place), vreinterpretq_u32_s16(made));
}

int32_t audio_window_mve(const struct audio_spectrum *op, const int16_t *samples,
                         uint32_t *values) {
  const int16_t *window = op->window;
  const uint16_t *place = op->places, *const end = place + op->points;
  uint16x8_t bits = vdupq_n_u16(0);
  for (int32_t left = op->samples / 8; left > 0; left--) {
    const int16x8_t made = windowed(vldrhq_s16(samples), vldrhq_s16(window));
    bits = with_magnitudes(bits, made);
    put_pairs(values, place, made);
    samples += 8;
    window += 8;
    place += 4;
  }
  if ((op->samples & 7) != 0) {
    const mve_pred16_t there = vctp16q((uint32_t)op->samples & 7);
    const int16x8_t made = windowed(vldrhq_z_s16(samples, there), vldrhq_z_s16(window, there));
    bits = with_magnitudes(bits, made);
    put_pairs(values, place, made);
    place += 4;
  }
  for (; place != end; place += 4) {
    put_pairs(values, place, vdupq_n_s16(0));
  }
  const uint32x4_t pairs = vreinterpretq_u32_u16(bits);
  const uint32_t all = vgetq_lane_u32(pairs, 0) | vgetq_lane_u32(pairs, 1) |
                       vgetq_lane_u32(pairs, 2) | vgetq_lane_u32(pairs, 3);
  return window_shift(values, op->points, all | all >> 16);
}
