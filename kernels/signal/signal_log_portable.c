/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "../audio/band_features.h"
#include "../common/values_s16.h"
#include "words.h"

void signal_log_portable(const struct signal_log *op, const int8_t *in, int8_t *out,
                         void *scratch) {
  (void)scratch;
  const arena_u32 *value = words(in);
  arena_s16 *made = write_s16(out);
  for (int32_t i = 0; i < op->channels; i++) {
    const uint32_t found = logarithm(op->points, op->scale, value[i] << op->correction_bits);
    made[i] = (int16_t)(found < INT16_MAX ? found : INT16_MAX);
  }
}
