/* SPDX-License-Identifier: Apache-2.0 */
#include "audio_wide.h"

void audio_wide_window_portable(const struct audio_wide_spectrum *op, const int16_t *samples,
                                union audio_bin *bins) {
  const int16_t *window = op->window;
  const uint16_t *place = op->places, *const end = place + op->points;
  for (int32_t left = op->samples; left > 1; left -= 2) {
    union audio_bin *const bin = bins + *place++;
    bin->z.re = samples[0] * window[0];
    bin->z.im = samples[1] * window[1];
    samples += 2;
    window += 2;
  }
  if (op->samples & 1) {
    union audio_bin *const bin = bins + *place++;
    bin->z.re = samples[0] * window[0];
    bin->z.im = 0;
  }
  while (place != end) {
    bins[*place++].value = 0;
  }
}
