/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "words.h"

void signal_filter_bank_portable(const struct signal_filter_bank *op, const int8_t *in, int8_t *out,
                                 void *scratch) {
  (void)scratch;
  arena_u64 *made = wide_words_out(out);
  uint64_t rising = 0;
  for (int32_t channel = 0; channel <= op->channels; channel++) {
    const arena_u32 *energy = words(in) + op->bins[channel];
    const int16_t *weight = op->weights + op->starts[channel];
    const int16_t *unweight = op->unweights + op->starts[channel];
    uint64_t sum = rising;
    rising = 0;
    for (int32_t i = 0; i < op->widths[channel]; i++) {
      const uint64_t value = energy[i];
      sum += value * (uint64_t)(int64_t)weight[i];
      rising += value * (uint64_t)(int64_t)unweight[i];
    }
    if (channel > 0) {
      *made++ = sum;
    }
  }
}
