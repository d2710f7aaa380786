/* SPDX-License-Identifier: Apache-2.0
 *
 * What a front end makes of a band's value, step by step.
 */
#ifndef KERNELS_AUDIO_BAND_FEATURES_H_
#define KERNELS_AUDIO_BAND_FEATURES_H_

#include <stdint.h>

#include "rounded_root.h"

#define SNR_BITS 12
#define PCAN_BITS 6
#define LOG_BITS 16
#define SEGMENT_BITS 9
#define LN2 45426u /* of 16 bits */

/* A parabola over all averages of as many bits. */
static inline uint32_t gain_of(const int16_t *gains, uint32_t average) {
  const int32_t bits = bit_width(average);
  const int16_t *const piece = gains + 4 * bits;
  if (average <= 2) {
    return (uint32_t)(int32_t)piece[0];
  }
  const uint32_t aligned = bits < 11 ? average << (11 - bits) : average >> (bits - 11);
  const int32_t fraction = (int32_t)(aligned & 0x3FF);
  const int32_t slope = ((piece[2] * fraction) >> 5) + piece[1] * 32;
  return (uint32_t)(int32_t)(int16_t)(piece[0] + ((slope * fraction + (1 << 14)) >> 15));
}

/* The signal times its gain, compressed: x^2 / 4 below 2, x - 1 above. */
static inline uint32_t with_gain(const int16_t *gains, int32_t snr_shift, uint32_t signal,
                                 uint32_t average) {
  const uint32_t gain = gain_of(gains, average);
  const uint32_t snr = (uint32_t)(((uint64_t)signal * gain) >> snr_shift);
  if (snr < 2u << SNR_BITS) {
    return (snr * snr) >> (2 + 2 * SNR_BITS - PCAN_BITS);
  }
  return (snr >> (SNR_BITS - PCAN_BITS)) - (1u << PCAN_BITS);
}

/* The natural logarithm in steps of 1 / scale; points [129] are log2(1 + x) - x. */
static inline uint32_t logarithm(const uint16_t *points, uint32_t scale, uint32_t value) {
  if (value <= 1) {
    return 0;
  }
  const int32_t whole = bit_width(value) - 1;
  const uint32_t above = value - (1u << whole);
  const uint32_t fraction =
      whole < LOG_BITS ? above << (LOG_BITS - whole) : above >> (whole - LOG_BITS);
  const uint16_t *const point = points + (fraction >> SEGMENT_BITS);
  const int32_t along = (int32_t)(fraction & ((1u << SEGMENT_BITS) - 1));
  /* The line between two points rises by 1/128 of their difference only: so it was defined. */
  const int32_t bent = point[0] + (((point[1] - point[0]) * along) >> LOG_BITS);
  const uint32_t log2 = ((uint32_t)whole << LOG_BITS) + fraction + (uint32_t)bent;
  const uint32_t half = 1u << (LOG_BITS - 1);
  const uint32_t natural = (uint32_t)(((uint64_t)LN2 * log2 + half) >> LOG_BITS);
  return (natural * scale + half) >> LOG_BITS;
}

/* The average of a band once it has taken in a signal in its own steps. */
static inline uint32_t noise_after(uint32_t scaled, uint32_t noise, uint32_t smoothing,
                                   uint32_t rest, int32_t bits) {
  return (uint32_t)(((uint64_t)scaled * smoothing + (uint64_t)noise * rest) >> bits);
}

/* The signal less its noise, but at least a share of it. */
static inline uint32_t without_noise(uint32_t signal, uint32_t noise, int32_t smoothing_bits,
                                     uint32_t least, int32_t bits) {
  const uint32_t scaled = signal << smoothing_bits;
  const uint32_t left = (scaled - (noise < scaled ? noise : scaled)) >> smoothing_bits;
  const uint32_t share = (uint32_t)(((uint64_t)signal * least) >> bits);
  return left > share ? left : share;
}

#endif /* KERNELS_AUDIO_BAND_FEATURES_H_ */
