/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of products for the Armv7E-M DSP extension: the shift is to the right or none, and the one
 * product whose double 32 bits do not hold, of two least values, may be one less.
 */
#ifndef KERNELS_MUL_MUL_RUN_S16_DSP_H_
#define KERNELS_MUL_MUL_RUN_S16_DSP_H_

#include "../common/clamp_s16_dsp.h"
#include "../common/round_s16_dsp.h"
#include "mul.h"

static inline int32_t mul_finish_s16_dsp(int32_t product, const struct round_s16 *scale) {
  int32_t doubled;
  __asm__("qadd %0, %1, %1" : "=r"(doubled) : "r"(product) : "cc");
  return saturate_s16_dsp(rescale_doubled_s16(doubled, scale));
}

static inline void mul_run_s16_dsp(const struct mul_s8 *op, const arena_s16 *first,
                                   const arena_s16 *second, arena_s16 *out, int32_t count) {
  const struct round_s16 scale = round_s16_of(op->multiplier, op->shift);
  arena_s16 *to = out;
  int32_t left = count;
  for (; left >= 2; left -= 2) {
    const uint32_t a = load_pair_s16(first), b = load_pair_s16(second);
    int32_t low, high;
    __asm__("smulbb %0, %1, %2" : "=r"(low) : "r"(a), "r"(b));
    __asm__("smultt %0, %1, %2" : "=r"(high) : "r"(a), "r"(b));
    low = mul_finish_s16_dsp(low, &scale);
    store_pair_s16(to, low, mul_finish_s16_dsp(high, &scale));
    first += 2;
    second += 2;
    to += 2;
  }
  if (left) {
    *to = (int16_t)mul_finish_s16_dsp((int32_t)*first * *second, &scale);
  }
  clamp_values_s16(out, count, op->out_min, op->out_max);
}

#endif /* KERNELS_MUL_MUL_RUN_S16_DSP_H_ */
