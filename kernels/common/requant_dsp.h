/* SPDX-License-Identifier: Apache-2.0
 *
 * requant_dsp.inc for rows in C: the same contract, the same instructions.
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

/* any_channel and requantize_any; shifts as there, in its lower and its third byte. */
static inline int32_t requantize_any_dsp(int32_t acc, int32_t multiplier, int32_t shifts,
                                         int32_t zero_point) {
  int32_t offset, part;
  __asm__(
      "lsl %[offset], %[zero_point], %[shifts]\n\t"
      "ubfx %[part], %[shifts], #16, #5\n\t"
      "asr %[offset], %[offset], #1\n\t"
      "lsl %[acc], %[acc], %[part]\n\t"
      "ubfx %[part], %[shifts], #23, #1\n\t"
      "smmla %[offset], %[acc], %[part], %[offset]\n\t"
      "smmlar %[acc], %[acc], %[multiplier], %[offset]\n\t"
      "asr %[acc], %[acc], %[shifts]\n\t"
      "ssat %[acc], #8, %[acc]"
      : [acc] "+r"(acc), [offset] "=&r"(offset), [part] "=&r"(part)
      : [multiplier] "r"(multiplier), [shifts] "r"(shifts), [zero_point] "r"(zero_point)
      : "cc");
  return acc;
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
