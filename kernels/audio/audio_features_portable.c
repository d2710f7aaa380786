/* SPDX-License-Identifier: Apache-2.0
 *
 * From energies of bands to features.
 */
#include <stddef.h>

#include "audio.h"
#include "rounded_root.h"

#define NOISE_BITS 14
#define SNR_BITS 12
#define PCAN_BITS 6
#define LOG_BITS 16
#define SEGMENT_BITS 9
#define LN2 45426u /* of 16 bits */

/* A parabola over all averages of as many bits. */
static uint32_t gain_of(const int16_t *gains, uint32_t average) {
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

static uint32_t with_gain(const struct audio_features *op, uint32_t signal, uint32_t average) {
  const uint32_t gain = gain_of(op->gains, average);
  const uint32_t snr = (uint32_t)(((uint64_t)signal * gain) >> op->snr_shift);
  if (snr < 2u << SNR_BITS) {
    return (snr * snr) >> (2 + 2 * SNR_BITS - PCAN_BITS);
  }
  return (snr >> (SNR_BITS - PCAN_BITS)) - (1u << PCAN_BITS);
}

static uint32_t logarithm(const struct audio_features *op, uint32_t value) {
  value = op->correction_bits < 0 ? value >> -op->correction_bits : value << op->correction_bits;
  if (value <= 1) {
    return 0;
  }
  const int32_t whole = bit_width(value) - 1;
  const uint32_t above = value - (1u << whole);
  const uint32_t fraction =
      whole < LOG_BITS ? above << (LOG_BITS - whole) : above >> (whole - LOG_BITS);
  const uint16_t *const point = op->logarithms + (fraction >> SEGMENT_BITS);
  const int32_t along = (int32_t)(fraction & ((1u << SEGMENT_BITS) - 1));
  /* The line between two points rises by 1/128 of their difference only: so it was defined. */
  const int32_t bent = point[0] + (((point[1] - point[0]) * along) >> LOG_BITS);
  const uint32_t log2 = ((uint32_t)whole << LOG_BITS) + fraction + (uint32_t)bent;
  const uint32_t half = 1u << (LOG_BITS - 1);
  const uint32_t natural = (uint32_t)(((uint64_t)LN2 * log2 + half) >> LOG_BITS);
  return ((natural << op->log_shift) + half) >> LOG_BITS;
}

/* The signal without the noise, whose average takes in the signal first. */
static uint32_t without_noise(const struct audio_features *op, uint32_t signal, int32_t smoothing,
                              uint32_t *average) {
  const uint32_t scaled = signal << op->smoothing_bits;
  const uint64_t next = (uint64_t)scaled * (uint32_t)smoothing +
                        (uint64_t)*average * (uint32_t)((1 << NOISE_BITS) - smoothing);
  const uint32_t noise = (uint32_t)(next >> NOISE_BITS);
  const uint32_t left = (scaled - (noise < scaled ? noise : scaled)) >> op->smoothing_bits;
  const uint32_t least = (uint32_t)(((uint64_t)signal * (uint32_t)op->least) >> NOISE_BITS);
  *average = noise;
  return left > least ? left : least;
}

void audio_features_portable(const struct audio_features *op, const int64_t *sums, int32_t shift,
                             uint32_t *averages, void *row) {
  for (int32_t band = 0; band < op->bands; band++) {
    uint32_t value = rounded_root((uint64_t)sums[band]) >> shift;
    value = without_noise(op, value, op->smoothing[band & 1], averages + band);
    if (op->gains != NULL) {
      value = with_gain(op, value, averages[band]);
    }
    if (op->logarithms != NULL) {
      value = logarithm(op, value);
    }
    value = value < 0xFFFF ? value : 0xFFFF;
    if (op->multiplier == 0) {
      ((uint16_t *)row)[band] = (uint16_t)value;
      continue;
    }
    const uint32_t divisor = (uint32_t)op->divisor;
    const uint32_t scaled = (value * (uint32_t)op->multiplier + divisor / 2) / divisor;
    const int32_t out = (int32_t)scaled + op->zero_point;
    ((int8_t *)row)[band] = (int8_t)(out > 127 ? 127 : out);
  }
}
