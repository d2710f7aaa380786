/* SPDX-License-Identifier: Apache-2.0
 *
 * Clamps of int16 outputs for kernels of the Armv7E-M DSP extension. Kernels saturate to the type,
 * or to [0, 32767], the clamp of RELU; any other is a second pass over the outputs of a call, two
 * at a time.
 */
#ifndef KERNELS_COMMON_CLAMP_S16_DSP_H_
#define KERNELS_COMMON_CLAMP_S16_DSP_H_

#include <string.h>

#include "values_s16.h"

/* Whether negative outputs are to become 0 as they are made. */
static inline int32_t is_relu_s16(int32_t low, int32_t high) {
  return low == 0 && high == INT16_MAX;
}

static inline void clamp_values_s16(arena_s16 *values, int32_t count, int32_t low, int32_t high) {
  if (high == INT16_MAX && low == INT16_MIN) {
    return;
  }
  const uint32_t lows = 0x10001u * (uint16_t)low, highs = 0x10001u * (uint16_t)high;
  for (; count >= 2; count -= 2) {
    uint32_t word, difference;
    memcpy(&word, values, 4);
    __asm__(
        "ssub16 %1, %0, %2\n\t"
        "sel %0, %0, %2\n\t"
        "ssub16 %1, %3, %0\n\t"
        "sel %0, %0, %3"
        : "+&r"(word), "=&r"(difference)
        : "r"(lows), "r"(highs));
    memcpy(values, &word, 4);
    values += 2;
  }
  if (count) {
    *values = clamp_s16(*values, low, high);
  }
}

#endif /* KERNELS_COMMON_CLAMP_S16_DSP_H_ */
