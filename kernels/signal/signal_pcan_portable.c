/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "../audio/band_features.h"
#include "words.h"

void signal_pcan_portable(const struct signal_pcan *op, const int8_t *in, const int8_t *averages,
                          int8_t *out, void *scratch) {
  (void)scratch;
  const arena_u32 *value = words(in), *noise = words(averages);
  arena_u32 *made = words_out(out);
  for (int32_t i = 0; i < op->channels; i++) {
    made[i] = with_gain(op->gains, op->snr_shift, value[i], noise[i]);
  }
}
