/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "../audio/rounded_root.h"
#include "../common/values_s16.h"
#include "words.h"

void signal_scale_bits_portable(const struct signal_values *op, const int8_t *in, int8_t *out,
                                void *scratch) {
  (void)scratch;
  const arena_s16 *sample = read_s16(in);
  int32_t most = 0;
  for (const arena_s16 *const end = sample + op->count; sample != end; sample++) {
    const int32_t value = *sample;
    if (value > most) {
      most = value;
    } else if (-value > most) {
      most = (int16_t)(uint16_t)-value; /* the magnitude of -32768 is -32768: so it was defined */
    }
  }
  const int32_t bits = 15 - bit_width((uint32_t)most);
  /* Silence is not shifted. */
  *words_out(out) = most == 0 || bits < 0 ? 0 : (uint32_t)bits;
}
