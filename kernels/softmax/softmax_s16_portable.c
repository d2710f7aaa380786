/* SPDX-License-Identifier: Apache-2.0 */
#include "softmax.h"

/* The value between two of 513 points. */
static int32_t look_up(const int16_t *points, int32_t value) {
  const int32_t place = 256 + (value >> 7);
  const int32_t base = points[place];
  const int16_t slope = (int16_t)(points[place + 1] - base);
  return (int16_t)(base + ((slope * (value & 0x7F) + 64) >> 7));
}

static int32_t leading_zeros(uint32_t x) {
  int32_t zeros = 0;
  while ((x & 0x80000000u) == 0) {
    x <<= 1;
    zeros++;
  }
  return zeros;
}

static void softmax_row(const struct softmax_s16 *op, const arena_s16 *in, arena_s16 *out) {
  int32_t largest = INT16_MIN;
  for (int32_t i = 0; i < op->depth; i++) {
    largest = in[i] > largest ? in[i] : largest;
  }
  int32_t sum = 0;
  for (int32_t i = 0; i < op->depth; i++) {
    const int32_t scaled = requantize(in[i] - largest, op->multiplier, op->shift) + INT16_MAX;
    out[i] = (int16_t)look_up(op->exponentials, clamp_s16(scaled, INT16_MIN, INT16_MAX));
    sum += out[i];
  }
  /* The sum in [1, 2), of which the curve takes what is above 1. */
  const int32_t headroom = leading_zeros((uint32_t)sum);
  const int32_t shifted = (int32_t)((((int64_t)sum << (headroom - 1)) + (1 << 13)) >> 14);
  const int32_t reciprocal =
      look_up(op->reciprocals, clamp_s16(shifted - (1 << 15) - (1 << 16), INT16_MIN, INT16_MAX));
  const int32_t right = 31 - headroom;
  for (int32_t i = 0; i < op->depth; i++) {
    const int64_t product = (int64_t)out[i] * reciprocal + ((int64_t)1 << (right - 1));
    out[i] = clamp_s16((int32_t)(product >> right), 0, INT16_MAX);
  }
}

void softmax_s16_portable(const struct softmax_s16 *op, const int8_t *in, int8_t *out,
                          void *scratch) {
  (void)scratch;
  for (int32_t r = 0; r < op->rows; r++) {
    softmax_row(op, read_s16(in) + r * op->depth, write_s16(out) + r * op->depth);
  }
}
