/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_CURVES_CURVE_POINTS_H_
#define KERNELS_CURVES_CURVE_POINTS_H_

#include "../common/values_s16.h"
#include "curves.h"

/* An input in the steps of the curve. */
static inline int32_t curve_input(const struct curve_s16 *op, int16_t value) {
  const uint32_t half = ((uint32_t)1 << op->shift) >> 1;
  return (int32_t)((uint32_t)(int32_t)value * (uint32_t)op->multiplier + half) >> op->shift;
}

/* The curve at a magnitude with so many fractional bits, in Q0.(16 + bits); `end` beyond. */
static inline int32_t curve_at(const struct curve_s16 *op, uint32_t size, int32_t bits,
                               int32_t end) {
  const uint32_t place = size >> bits;
  if (place >= 255) {
    return end;
  }
  const int32_t point = op->points[place];
  const int32_t step = op->points[place + 1] - point;
  const int32_t fraction = (int32_t)(size & (((uint32_t)1 << bits) - 1));
  return (int32_t)((uint32_t)point << bits) + fraction * step;
}

static inline uint32_t curve_magnitude(int32_t x) {
  return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

#endif /* KERNELS_CURVES_CURVE_POINTS_H_ */
