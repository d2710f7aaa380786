/* SPDX-License-Identifier: Apache-2.0
 *
 * From sums of bands to features.
 */
#include <stddef.h>

#include "audio_wide.h"
#include "rounded_root.h"

#define LOG_BITS 16
#define SEGMENT_BITS 9

/* log2(x), x > 0, with 16 fraction bits. */
static int32_t wide_log2(const uint16_t *points, uint64_t x) {
  const uint32_t upper = (uint32_t)(x >> 32);
  const int32_t width = upper != 0 ? 32 + bit_width(upper) : bit_width((uint32_t)x);
  const uint32_t fraction = (uint32_t)((x << (64 - width)) >> 47) & 0xFFFF;
  const uint16_t *const point = points + (fraction >> SEGMENT_BITS);
  const int32_t along = (int32_t)(fraction & ((1u << SEGMENT_BITS) - 1));
  const int32_t bent = point[0] + (((point[1] - point[0]) * along) >> SEGMENT_BITS);
  return ((width - 1) << LOG_BITS) + (int32_t)fraction + bent;
}

static void put_feature(const struct audio_log_mel *op, int32_t log, int32_t i, void *row) {
  const int64_t half = (int64_t)1 << (op->shift - 1);
  const int64_t steps = (((int64_t)log * op->multiplier + half) >> op->shift) + op->zero_point;
  const int64_t most = op->wide ? INT16_MAX : INT8_MAX;
  const int64_t out = steps > most ? most : steps < -most - 1 ? -most - 1 : steps;
  if (op->wide) {
    ((int16_t *)row)[i] = (int16_t)out;
  } else {
    ((int8_t *)row)[i] = (int8_t)out;
  }
}

void audio_log_mel_portable(const struct audio_log_mel *op, const uint64_t *sums, int32_t *logs,
                            void *row) {
  for (int32_t band = 0; band < op->bands; band++) {
    const uint64_t low = op->lows[band], sum = sums[band];
    const uint64_t held = op->adds ? sum + low : sum < low ? low : sum;
    logs[band] = wide_log2(op->logarithms, held) + op->bases[band];
  }
  if (op->cosines == NULL) {
    for (int32_t band = 0; band < op->bands; band++) {
      put_feature(op, logs[band], band, row);
    }
    return;
  }
  const int16_t *cosine = op->cosines;
  for (int32_t k = 0; k < op->coefficients; k++) {
    int64_t sum = (int64_t)1 << (op->cosine_bits - 1);
    for (int32_t band = 0; band < op->bands; band++) {
      sum += (int64_t)logs[band] * *cosine++;
    }
    put_feature(op, (int32_t)(sum >> op->cosine_bits), k, row);
  }
}
