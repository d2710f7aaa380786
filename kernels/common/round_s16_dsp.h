/* SPDX-License-Identifier: Apache-2.0
 *
 * requantize() of values that are shifted to the right, for int16 kernels of the Armv7E-M DSP
 * extension, and pairs of int16 in words.
 *
 *   rounding_divide_by_power_of_two(v, shift) = (v + half - (v < 0)) >> shift
 *                                        half = 2^(shift - 1)
 *
 * and v itself for a shift of 0, whose half is 0 and whose sign does not count.
 */
#ifndef KERNELS_COMMON_ROUND_S16_DSP_H_
#define KERNELS_COMMON_ROUND_S16_DSP_H_

#include <string.h>

#include "values_s16.h"

/* A multiplier in Q31 and what the shift behind it needs. */
struct round_s16 {
  int32_t multiplier;
  int32_t half;  /* 2^(shift - 1), or 0 */
  int32_t sign;  /* 1, or 0 for a shift of 0 */
  int32_t shift; /* to the right */
};

static inline struct round_s16 round_s16_of(int32_t multiplier, int32_t shift) {
  const struct round_s16 scale = {multiplier, shift < 0 ? (int32_t)1 << (-shift - 1) : 0, shift < 0,
                                  -shift};
  return scale;
}

/* `doubled`: 2 * value. */
static inline int32_t rescale_doubled_s16(int32_t doubled, const struct round_s16 *scale) {
  int32_t high, offset;
  __asm__(
      "smmulr %0, %2, %3\n\t"
      "smmla %1, %0, %4, %5\n\t"
      "add %0, %0, %1\n\t"
      "asr %0, %0, %6"
      : "=&r"(high), "=&r"(offset)
      : "r"(doubled), "r"(scale->multiplier), "r"(scale->sign), "r"(scale->half),
        "r"(scale->shift));
  return high;
}

static inline int32_t saturate_s16_dsp(int32_t value) {
  int32_t narrow;
  __asm__("ssat %0, #16, %1" : "=r"(narrow) : "r"(value) : "cc");
  return narrow;
}

static inline uint32_t load_pair_s16(const arena_s16 *values) {
  uint32_t word;
  memcpy(&word, values, 4);
  return word;
}

static inline void store_pair_s16(arena_s16 *values, int32_t low, int32_t high) {
  uint32_t word;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(word) : "r"(low), "r"(high));
  memcpy(values, &word, 4);
}

/* The lower and the upper half of a word, times 2^16. */
static inline int32_t low_s16(uint32_t word) {
  return (int32_t)(word << 16);
}
static inline int32_t high_s16(uint32_t word) {
  return (int32_t)(word & 0xffff0000u);
}

#endif /* KERNELS_COMMON_ROUND_S16_DSP_H_ */
