/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples times the window with Helium, eight at a time.
 */
#include <arm_mve.h>

#include "audio_wide.h"

/* Real and imaginary parts of four values, to where they belong. */
static inline void put_products(union audio_bin *bins, const uint16_t *place, int16x8_t samples,
                                int16x8_t window) {
  const uint32x4_t bytes = vshlq_n_u32(vldrhq_u32(place), 3);
  vstrwq_scatter_offset_s32(&bins->z.re, bytes, vmullbq_int_s16(samples, window));
  vstrwq_scatter_offset_s32(&bins->z.im, bytes, vmulltq_int_s16(samples, window));
}

void audio_wide_window_mve(const struct audio_wide_spectrum *op, const int16_t *samples,
                           union audio_bin *bins) {
  const int16_t *window = op->window;
  const uint16_t *place = op->places, *const end = place + op->points;
  for (int32_t left = op->samples / 8; left > 0; left--) {
    put_products(bins, place, vldrhq_s16(samples), vldrhq_s16(window));
    samples += 8;
    window += 8;
    place += 4;
  }
  if ((op->samples & 7) != 0) {
    const mve_pred16_t there = vctp16q((uint32_t)op->samples & 7);
    put_products(bins, place, vldrhq_z_s16(samples, there), vldrhq_z_s16(window, there));
    place += 4;
  }
  for (; place != end; place += 4) {
    put_products(bins, place, vdupq_n_s16(0), vdupq_n_s16(0));
  }
}
