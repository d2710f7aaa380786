/* SPDX-License-Identifier: Apache-2.0
 *
 * Tap by tap, all channels of a pixel at a time, for cores without SIMD, at most 255 taps. scratch:
 * int32 [channels], the sums.
 *
 * A sum is divided by a multiplication: with L = ceil(log2(count)) and
 * m = ceil(2^(15 + L) / count), (n m) >> (15 + L) is n / count for all n below 2^15, as
 * m count - 2^(15 + L) < count <= 2^L.
 */
#include "pool2d.h"
#include "pool_window.h"

static void add_values(int32_t *sums, const int8_t *in, int32_t channels) {
  for (int32_t c = 0; c < channels; c++) {
    sums[c] += in[c];
  }
}

/* Averages over `count` taps, ties away from zero. */
static void divide(const struct pool2d_s8 *op, const int32_t *sums, int32_t count, int8_t *out) {
  int32_t shift = 15;
  while (1 << (shift - 15) < count) {
    shift++;
  }
  const uint32_t factor = ((1u << shift) + (uint32_t)count - 1u) / (uint32_t)count;
  const int32_t half = count >> 1, low = op->out_min, high = op->out_max;
  for (int32_t c = 0; c < op->channels; c++) {
    const int32_t sum = sums[c];
    const uint32_t magnitude = (uint32_t)((sum < 0 ? -sum : sum) + half);
    const int32_t average = (int32_t)((magnitude * factor) >> shift);
    out[c] = clamp_s8(sum < 0 ? -average : average, low, high);
  }
}

void average_pool_2d_s8_scalar(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                               int8_t *const *out_rows, int32_t rows, void *scratch) {
  int32_t *sums = scratch;
  const int32_t channels = op->channels;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const struct pool_window window = pool_window_at(op, in_rows, r, x);
      int32_t count = 0;
      for (int32_t c = 0; c < channels; c++) {
        sums[c] = 0;
      }
      for (int32_t i = 0; i < window.height; i++) {
        if (window.rows[i] == 0) {
          continue;
        }
        const int8_t *in = window.rows[i] + window.offset;
        for (int32_t j = 0; j < window.columns; j++) {
          add_values(sums, in, channels);
          in += channels;
        }
        count += window.columns;
      }
      divide(op, sums, count, out);
      out += channels;
    }
  }
}
