/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of sums for the Armv7E-M DSP extension. The operand of the larger scale is exact in the
 * common steps, 2^14 of them; the other one is rescaled and rounded.
 */
#ifndef KERNELS_ADD_ADD_RUN_S16_DSP_H_
#define KERNELS_ADD_ADD_RUN_S16_DSP_H_

#include "../common/clamp_s16_dsp.h"
#include "../common/round_s16_dsp.h"
#include "add.h"

/* `exact` and `finer` are values times 2^16; finer ones are rescaled. */
static inline int32_t add_value_s16_dsp(int32_t exact, int32_t finer, const struct round_s16 *scale,
                                        const struct round_s16 *out) {
  const int32_t rescaled = rescale_doubled_s16(finer, scale);
  return saturate_s16_dsp(rescale_doubled_s16((exact >> 1) + rescaled * 2, out));
}

static inline void add_run_s16_dsp(const struct add_s8 *op, const arena_s16 *first,
                                   const arena_s16 *second, arena_s16 *out, int32_t count) {
  const int32_t first_is_exact = op->first.shift == 0 && op->first.multiplier == 1 << 30;
  const struct add_operand_s8 *operand = first_is_exact ? &op->second : &op->first;
  const struct round_s16 scale = round_s16_of(operand->multiplier, operand->shift);
  const struct round_s16 sum = round_s16_of(op->out_multiplier, op->out_shift);
  const arena_s16 *exact = first_is_exact ? first : second;
  const arena_s16 *finer = first_is_exact ? second : first;
  arena_s16 *to = out;
  int32_t left = count;
  for (; left >= 2; left -= 2) {
    const uint32_t a = load_pair_s16(exact), b = load_pair_s16(finer);
    const int32_t low = add_value_s16_dsp(low_s16(a), low_s16(b), &scale, &sum);
    store_pair_s16(to, low, add_value_s16_dsp(high_s16(a), high_s16(b), &scale, &sum));
    exact += 2;
    finer += 2;
    to += 2;
  }
  if (left) {
    *to = (int16_t)add_value_s16_dsp(*exact * (1 << 16), *finer * (1 << 16), &scale, &sum);
  }
  clamp_values_s16(out, count, op->out_min, op->out_max);
}

#endif /* KERNELS_ADD_ADD_RUN_S16_DSP_H_ */
