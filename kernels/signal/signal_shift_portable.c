/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "../common/values_s16.h"
#include "words.h"

void signal_shift_portable(const struct signal_values *op, const int8_t *in, const int8_t *bits,
                           int8_t *out, void *scratch) {
  (void)scratch;
  const uint32_t shift = *words(bits) & 31;
  const arena_s16 *sample = read_s16(in);
  arena_s16 *made = write_s16(out);
  for (int32_t i = 0; i < op->count; i++) {
    made[i] = (int16_t)(uint16_t)((uint32_t)(int32_t)sample[i] << shift);
  }
}
