/* SPDX-License-Identifier: Apache-2.0
 *
 * From energies of bands to features.
 */
#include <stddef.h>

#include "audio.h"
#include "band_features.h"

#define NOISE_BITS 14

/* The signal without the noise, whose average takes in the signal first. */
static uint32_t less_noise(const struct audio_features *op, uint32_t signal, int32_t smoothing,
                           uint32_t *average) {
  const uint32_t share = (uint32_t)smoothing;
  *average = noise_after(signal << op->smoothing_bits, *average, share, (1u << NOISE_BITS) - share,
                         NOISE_BITS);
  return without_noise(signal, *average, op->smoothing_bits, (uint32_t)op->least, NOISE_BITS);
}

static uint32_t corrected(const struct audio_features *op, uint32_t value) {
  return op->correction_bits < 0 ? value >> -op->correction_bits : value << op->correction_bits;
}

void audio_features_portable(const struct audio_features *op, const int64_t *sums, int32_t shift,
                             uint32_t *averages, void *row) {
  for (int32_t band = 0; band < op->bands; band++) {
    uint32_t value = rounded_root((uint64_t)sums[band]) >> shift;
    value = less_noise(op, value, op->smoothing[band & 1], averages + band);
    if (op->gains != NULL) {
      value = with_gain(op->gains, op->snr_shift, value, averages[band]);
    }
    if (op->logarithms != NULL) {
      value = logarithm(op->logarithms, (uint32_t)op->log_scale, corrected(op, value));
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
