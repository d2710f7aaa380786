/* SPDX-License-Identifier: Apache-2.0 */
#include "audio_wide.h"

static inline uint64_t value_of(uint64_t energy) {
  return (energy + (1 << 11)) >> 12;
}

#include "wide_split_mve.h"

void audio_wide_energies_mve(const struct audio_wide_spectrum *op, union audio_bin *bins) {
  wide_split(op, bins);
}
