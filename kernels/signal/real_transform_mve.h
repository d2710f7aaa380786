/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of samples to their spectra, and back, with Helium: four bins and the four that mirror
 * them at a time. Of 16 points and more.
 */
#ifndef KERNELS_SIGNAL_REAL_TRANSFORM_MVE_H_
#define KERNELS_SIGNAL_REAL_TRANSFORM_MVE_H_

#include "../audio/transform_mve.h"
#include "../common/values_s16.h"
#include "signal.h"

typedef struct signal_transform transform_op;
typedef arena_s16 transform_sample;
typedef uint32_t complex_value;

static inline int16x8_t words_at(const uint32_t *words) {
  return vreinterpretq_s16_u32(vldrwq_u32(words));
}

/* Four places from the last one on; of words, and of both halves. */
static inline uint32x4_t words_backwards(void) {
  return vsubq_u32(vdupq_n_u32(3), vidupq_n_u32(0, 1));
}

static inline uint16x8_t pairs_backwards(void) {
  return veorq_u16(vidupq_n_u16(0, 1), vdupq_n_u16(6));
}

static inline void put_words(uint32_t *values, uint32x4_t places, int16x8_t z) {
  vstrwq_scatter_shifted_offset_u32(values, places, vreinterpretq_u32_s16(z));
}

static inline void place_samples(const transform_op *op, const transform_sample *frame,
                                 uint32_t *values) {
  const uint16_t *place = op->places, *const end = place + op->points;
  for (int32_t left = op->samples / 8; left > 0; left--) {
    put_words(values, vldrhq_u32(place), vldrhq_s16(frame));
    frame += 8;
    place += 4;
  }
  if ((op->samples & 7) != 0) {
    const mve_pred16_t there = vctp16q((uint32_t)op->samples & 7);
    put_words(values, vldrhq_u32(place), vldrhq_z_s16(frame, there));
    place += 4;
  }
  for (; place != end; place += 4) {
    put_words(values, vldrhq_u32(place), vdupq_n_s16(0));
  }
}

static inline int32_t half_of(int32_t part) {
  return (part * (Q15_ONE / 2) + (1 << 14)) >> 15;
}

static inline void to_spectrum(const transform_op *op, const uint32_t *values,
                               transform_sample *spectrum) {
  const int32_t points = op->points;
  const int32_t re = half_of((int16_t)(values[0] & 0xFFFF)),
                im = half_of((int16_t)(values[0] >> 16));
  const uint32_t *near = values + 1, *far = values + points - 4, *split = op->split;
  transform_sample *low = spectrum + 2, *high = spectrum + 2 * (points - 4);
  const mve_pred16_t imaginary = imaginary_parts();
  spectrum[0] = (int16_t)(re + im);
  spectrum[1] = 0;
  spectrum[2 * points] = (int16_t)(re - im);
  spectrum[2 * points + 1] = 0;
  for (int32_t left = points / 8; left > 0; left--) {
    const uint32x4_t mirrored = vldrwq_gather_shifted_offset_u32(far, words_backwards());
    const struct bins_mve bins =
        split4(words_at(near), vreinterpretq_s16_u32(mirrored), words_at(split), imaginary);
    /* The bin in the middle is both; what counts is the second. */
    vstrhq_s16(low, bins.near);
    vstrhq_scatter_shifted_offset_s16(high, pairs_backwards(), bins.far);
    near += 4;
    far -= 4;
    split += 4;
    low += 8;
    high -= 8;
  }
}

/* A transform of real and imaginary parts exchanged, which runs backwards. */
static inline void place_bins(const transform_op *op, const transform_sample *spectrum,
                              uint32_t *values) {
  const int32_t points = op->points;
  const int32_t first = spectrum[0], last = spectrum[2 * points];
  const uint32_t re = (uint32_t)half_of((int16_t)(first - last));
  const uint32_t im = (uint32_t)half_of((int16_t)(first + last));
  const transform_sample *low = spectrum + 2, *high = spectrum + 2 * (points - 4);
  const uint16_t *near = op->places + 1, *far = op->places + points - 4;
  const uint32_t *split = op->split;
  const mve_pred16_t imaginary = imaginary_parts();
  values[op->places[0]] = (re & 0xFFFF) | im << 16;
  for (int32_t left = points / 8; left > 0; left--) {
    const int16x8_t mirrored = vldrhq_gather_shifted_offset_s16(high, pairs_backwards());
    const int16x8_t a = half4(vldrhq_s16(low)), b = half4(conjugate4(mirrored, imaginary));
    const int16x8_t sum = vaddq_s16(a, b);
    const int16x8_t turned = multiply4(vsubq_s16(a, b), words_at(split));
    const int16x8_t rest = conjugate4(vsubq_s16(sum, turned), imaginary);
    /* The value in the middle is both; what counts is the second. */
    put_words(values, vldrhq_u32(near), vrev32q_s16(vaddq_s16(sum, turned)));
    put_words(values, vldrhq_gather_shifted_offset_u32(far, words_backwards()), vrev32q_s16(rest));
    low += 8;
    high -= 8;
    near += 4;
    far -= 4;
    split += 4;
  }
}

static inline void to_samples(const transform_op *op, const uint32_t *values,
                              transform_sample *frame) {
  for (int32_t left = op->points / 4; left > 0; left--) {
    vstrhq_s16(frame, vrev32q_s16(words_at(values)));
    frame += 8;
    values += 4;
  }
}

#include "transform_frames.h"

#endif /* KERNELS_SIGNAL_REAL_TRANSFORM_MVE_H_ */
