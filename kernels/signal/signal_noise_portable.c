/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "../audio/band_features.h"
#include "words.h"

void signal_noise_portable(const struct signal_noise *op, const int8_t *held, const int8_t *in,
                           int8_t *out, void *scratch) {
  (void)scratch;
  const arena_u32 *before = words(held), *value = words(in);
  arena_u32 *made = words_out(out);
  for (int32_t i = 0; i < op->channels; i++) {
    const uint32_t scaled = value[i] << op->smoothing_bits;
    const uint32_t noise =
        noise_after(scaled, before[i], op->smoothing[i & 1], op->rest[i & 1], op->bits);
    made[i] = op->clamping && noise > scaled ? scaled : noise;
  }
}
