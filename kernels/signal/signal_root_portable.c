/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "../audio/rounded_root.h"
#include "words.h"

void signal_root_portable(const struct signal_values *op, const int8_t *in, const int8_t *bits,
                          int8_t *out, void *scratch) {
  (void)scratch;
  const uint32_t shift = *words(bits) & 31;
  const arena_u64 *sum = wide_words(in);
  arena_u32 *made = words_out(out);
  for (int32_t i = 0; i < op->count; i++) {
    made[i] = rounded_root(sum[i]) >> shift;
  }
}
