/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "../common/values_s16.h"
#include "words.h"

void signal_energy_portable(const struct signal_energy *op, const int8_t *in, int8_t *out,
                            void *scratch) {
  (void)scratch;
  const arena_s16 *bin = read_s16(in);
  arena_u32 *made = words_out(out);
  for (int32_t i = 0; i < op->bins; i++) {
    const int32_t re = bin[2 * i], im = bin[2 * i + 1];
    const int32_t inside = i >= op->start && i < op->end;
    made[i] = inside ? (uint32_t)(re * re) + (uint32_t)(im * im) : 0;
  }
}
