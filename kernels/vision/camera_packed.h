/* SPDX-License-Identifier: Apache-2.0
 *
 * VISION_RGB565 that becomes smaller, to grey: what `vision_camera_row_portable` computes, where a
 * row's step and span are known to the compiler, which unrolls the loops over them.
 *
 * Of a target pixel, source pixels weigh 32 together at most: red, green and blue are then summed
 * side by side in one word, five bits of room above each. Along a row a target pixel covers `span`
 * parts and a source pixel `step`. The brightest sum must not be above 255.
 */
#ifndef KERNELS_VISION_CAMERA_PACKED_H_
#define KERNELS_VISION_CAMERA_PACKED_H_

#include <string.h>

#include "vision.h"

#define VISION_INLINE static inline __attribute__((always_inline))
#define VISION_PARTS 0x07E0F81Fu /* green, red, blue */

VISION_INLINE uint32_t vision_apart(const uint8_t *pixel) {
  uint16_t word;
  memcpy(&word, pixel, sizeof word);
  /* One REV16; said for 32 bits, so that the compiler knows of no half to clear. */
  const uint32_t wide = word;
  const uint32_t value = (wide & 0x00FF00FFu) << 8 | (wide & 0xFF00FF00u) >> 8;
  return (value | value << 16) & VISION_PARTS;
}

VISION_INLINE uint32_t vision_grey(const uint32_t *grey, uint32_t sum) {
  return (sum >> 11 & 0x3FF) * grey[0] + (sum >> 21) * grey[1] + (sum & 0x7FF) * grey[2];
}

/* The parts of `step` target pixels, from `span` source pixels. */
VISION_INLINE void vision_sums(const uint8_t *row, int32_t span, int32_t step, uint32_t *made) {
  int32_t source = 0;
  uint32_t carried = 0;
  uint32_t left = 0; /* of the last source pixel */
#pragma GCC unroll 4
  for (int32_t k = 0; k < step; k++) {
    uint32_t sum = carried * left;
    uint32_t missing = (uint32_t)span - left;
    uint32_t whole = 0;
#pragma GCC unroll 33
    while (missing >= (uint32_t)step) {
      whole += vision_apart(&row[2 * source]);
      source++;
      missing -= (uint32_t)step;
    }
    sum += whole * (uint32_t)step;
    left = 0;
    if (missing) {
      carried = vision_apart(&row[2 * source]);
      source++;
      sum += carried * missing;
      left = (uint32_t)step - missing;
    }
    made[k] = sum;
  }
}

/* As `vision_camera_row_portable`; step is 4 at most. */
VISION_INLINE int32_t vision_camera_packed(const struct vision_camera *op, uint32_t *sums,
                                           int32_t *at, const uint8_t *row, int8_t *out,
                                           int32_t span, int32_t step) {
  if (at[0] == 0 && at[1] == 0) {
    memset(sums, 0, (size_t)op->width * sizeof *sums);
  }
  const int32_t target = at[1];
  if (at[2] || target >= op->height || op->rows.first[target] > at[0]) {
    at[0]++;
    at[2] = 0;
    return 0;
  }
  /* at[3]: where the weights of this target row begin. */
  const int32_t count = op->rows.counts[target];
  const int32_t tap = at[0] - op->rows.first[target];
  const uint32_t weight = op->rows.weights[at[3] + tap];
  const uint32_t grey[3] = {op->grey[0], op->grey[1], op->grey[2]};
  const uint32_t *const end = sums + op->width;
  if (tap < count - 1) {
    for (; sums != end; sums += step, row += 2 * span) {
      uint32_t made[4];
      vision_sums(row, span, step, made);
      for (int32_t k = 0; k < step; k++) {
        sums[k] += made[k] * weight;
      }
    }
    at[0]++;
    return 0;
  }
  /* The last row of one target may be the first of the next. */
  uint32_t next = 0;
  if (target + 1 < op->height && op->rows.first[target + 1] == at[0]) {
    next = op->rows.weights[at[3] + count];
  }
  const uint32_t reciprocal = op->reciprocals[0];
  const int32_t shift = op->shift;
  const uint64_t half = UINT64_C(1) << (shift - 1);
  for (; sums != end; sums += step, row += 2 * span, out += step) {
    uint32_t made[4];
    vision_sums(row, span, step, made);
    for (int32_t k = 0; k < step; k++) {
      const uint32_t whole = vision_grey(grey, sums[k] + made[k] * weight);
      const uint64_t level = (uint64_t)whole * reciprocal + half;
      out[k] = op->values[level >> shift];
      sums[k] = made[k] * next;
    }
  }
  at[1]++;
  at[2] = 1;
  at[3] += count;
  return 1;
}

#endif /* KERNELS_VISION_CAMERA_PACKED_H_ */
