/* SPDX-License-Identifier: Apache-2.0
 *
 * How far windowed values can be shifted to the left.
 */
#ifndef KERNELS_AUDIO_WINDOW_SHIFT_H_
#define KERNELS_AUDIO_WINDOW_SHIFT_H_

#include <stdint.h>

/* bits: the magnitudes, or-ed; bit 15 says that there is a -32768, which a shift makes 0. */
static inline int32_t window_shift(uint32_t *values, int32_t points, uint32_t bits) {
  int32_t shift = 15;
  for (uint32_t left = bits & 0x7FFF; left != 0; left >>= 1) {
    shift--;
  }
  if (shift > 0 && (bits & 0x8000) != 0) {
    for (int32_t i = 0; i < points; i++) {
      uint32_t z = values[i];
      z &= (z & 0xFFFF) == 0x8000 ? 0xFFFF0000 : 0xFFFFFFFF;
      z &= z >> 16 == 0x8000 ? 0x0000FFFF : 0xFFFFFFFF;
      values[i] = z;
    }
  }
  return shift;
}

#endif /* KERNELS_AUDIO_WINDOW_SHIFT_H_ */
