/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums and differences of any scales for the Armv7E-M DSP extension: TFLite's three roundings one
 * after the other, in some 20 instructions per value.
 *
 * The operand of the larger scale is rescaled by exactly one half: (value - zero_point) * 2^19. So
 * only the other one and the sum are rounded, each as requantize_any of requant_dsp.inc does it.
 */
#ifndef KERNELS_ADD_ADD_ANY_DSP_H_
#define KERNELS_ADD_ADD_ANY_DSP_H_

#include <stdint.h>

#include "../common/requant_dsp.h"
#include "add.h"

#define ADD_LEFT_SHIFT 20

/* What every value needs; filled in once per call. */
struct add_any_dsp {
  int32_t coarse_start; /* -2^20 zero_point of the operand of the larger scale: twice its share */
  int32_t fine_start;   /* -2^21 zero_point of the other one */
  int32_t fine_multiplier;
  int32_t fine_offset; /* 2^(shift - 1), or 0 where there is no shift */
  int32_t fine_shift;  /* right */
  int32_t away;        /* 1: ties of negative values go down, as there is a shift */
  int32_t out_multiplier;
  int32_t out_offset;
  int32_t out_shift; /* right */
  int32_t low;
  int32_t high;
};

static inline int add_first_is_coarse(const struct add_s8 *op) {
  /* Its multiplier is 2^30 without a shift. */
  return op->first.shift == 0;
}

static inline struct add_any_dsp add_prepare_any(const struct add_s8 *op) {
  const int first_is_coarse = add_first_is_coarse(op);
  const struct add_operand_s8 *coarse = first_is_coarse ? &op->first : &op->second;
  const struct add_operand_s8 *fine = first_is_coarse ? &op->second : &op->first;
  const int32_t right = -fine->shift, out_right = -op->out_shift;
  return (struct add_any_dsp){
      .coarse_start = -coarse->zero_point * (1 << ADD_LEFT_SHIFT),
      .fine_start = -fine->zero_point * (1 << (ADD_LEFT_SHIFT + 1)),
      .fine_multiplier = fine->multiplier,
      .fine_offset = right > 0 ? (int32_t)1 << (right - 1) : 0,
      .fine_shift = right,
      .away = right > 0,
      .out_multiplier = op->out_multiplier,
      .out_offset = (2 * op->out_zero_point + 1) * ((int32_t)1 << (out_right - 1)),
      .out_shift = out_right,
      .low = op->out_min,
      .high = op->out_max,
  };
}

/* Twice coarse + sign fine, rescaled to the output. */
static inline int8_t add_value_any(const struct add_any_dsp *with, int32_t coarse, int32_t fine,
                                   int32_t sign, int32_t out_sign) {
  int32_t sum = with->coarse_start + coarse * (1 << ADD_LEFT_SHIFT);
  int32_t rescaled = with->fine_start + fine * (1 << (ADD_LEFT_SHIFT + 1));
  int32_t offset;
  __asm__(
      "smmla %[offset], %[x], %[away], %[start]\n\t"
      "smmlar %[x], %[x], %[multiplier], %[offset]\n\t"
      "asr %[x], %[x], %[shift]"
      : [x] "+r"(rescaled), [offset] "=&r"(offset)
      : [away] "r"(with->away), [start] "r"(with->fine_offset),
        [multiplier] "r"(with->fine_multiplier), [shift] "r"(with->fine_shift));
  sum = out_sign * (sum + sign * 2 * rescaled);
  __asm__(
      "add %[offset], %[start], %[x], asr #31\n\t"
      "smmlar %[x], %[x], %[multiplier], %[offset]\n\t"
      "asr %[x], %[x], %[shift]\n\t"
      "ssat %[x], #8, %[x]"
      : [x] "+r"(sum), [offset] "=&r"(offset)
      : [start] "r"(with->out_offset), [multiplier] "r"(with->out_multiplier),
        [shift] "r"(with->out_shift)
      : "cc");
  return clamp_s8(sum, with->low, with->high);
}

/* The values of one run; `sign` and `out_sign` are constants of the caller. */
static inline __attribute__((always_inline)) void add_run_any(const struct add_any_dsp *with,
                                                              const int8_t *coarse,
                                                              const int8_t *fine, int8_t *out,
                                                              int32_t count, int32_t sign,
                                                              int32_t out_sign) {
  const struct add_any_dsp own = *with;
  for (int32_t i = 0; i < count; i++) {
    out[i] = add_value_any(&own, coarse[i], fine[i], sign, out_sign);
  }
}

#endif /* KERNELS_ADD_ADD_ANY_DSP_H_ */
