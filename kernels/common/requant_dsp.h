/* SPDX-License-Identifier: Apache-2.0
 *
 * requant_dsp.inc for rows in C: the same contract, the same four instructions.
 */
#ifndef KERNELS_COMMON_REQUANT_DSP_H_
#define KERNELS_COMMON_REQUANT_DSP_H_

#include <stdint.h>

/* doubled: 2 * accumulator; offset: (2 out_zero_point + 1) << (n - 1); shift: n - 1 in its lowest
 * byte. */
static inline int32_t requantize_dsp(int32_t doubled, int32_t multiplier, int32_t offset,
                                     int32_t shift) {
  int32_t out = offset - (int32_t)((uint32_t)doubled >> 31);
  __asm__(
      "smmlar %0, %1, %2, %0\n\t"
      "asr %0, %0, %3\n\t"
      "ssat %0, #8, %0, asr #1"
      : "+r"(out)
      : "r"(doubled), "r"(multiplier), "r"(shift)
      : "cc");
  return out;
}

/* min(max(word, low), high), byte by byte. GE flags go from one instruction to the next. */
static inline uint32_t clamp_bytes_dsp(uint32_t word, uint32_t low, uint32_t high) {
  uint32_t difference;
  __asm__(
      "ssub8 %1, %0, %2\n\t"
      "sel %0, %0, %2\n\t"
      "ssub8 %1, %3, %0\n\t"
      "sel %0, %0, %3"
      : "+&r"(word), "=&r"(difference)
      : "r"(low), "r"(high));
  return word;
}

#endif /* KERNELS_COMMON_REQUANT_DSP_H_ */
