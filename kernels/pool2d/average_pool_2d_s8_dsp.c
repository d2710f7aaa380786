/* SPDX-License-Identifier: Apache-2.0 */
#include <arm_acle.h>

#include "divide_rounded.h"
#include "pool_window.h"

/* Adds bytes 1 and 3, sign extended, to two halfwords. */
static inline int16x2_t add_odd_bytes(int16x2_t sums, uint32_t word) {
  __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(sums) : "r"(word));
  return sums;
}

static void pool_four_channels(const struct pool_window *window, int32_t c, int8_t *out) {
  int16x2_t even = 0, odd = 0; /* channels c and c + 2, c + 1 and c + 3 */
  int32_t count = 0;
  for (int32_t i = 0; i < window->height; i++) {
    if (window->rows[i] == 0) {
      continue;
    }
    const int8_t *tap = window->rows[i] + window->offset + c;
    for (int32_t n = window->columns; n > 0; n--) {
      const uint32_t word = pool_load(tap);
      even = __sxtab16(even, (int8x4_t)word);
      odd = add_odd_bytes(odd, word);
      tap += window->channels;
    }
    count += window->columns;
  }
  out += c;
  out[0] = (int8_t)divide_rounded((int16_t)even, count);
  out[1] = (int8_t)divide_rounded((int16_t)odd, count);
  out[2] = (int8_t)divide_rounded(even >> 16, count);
  out[3] = (int8_t)divide_rounded(odd >> 16, count);
}

void average_pool_2d_s8_dsp(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                            int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  const int32_t channels = op->channels;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const struct pool_window window = pool_window_at(op, in_rows, r, x);
      int32_t c = 0;
      for (; c + 4 <= channels; c += 4) {
        pool_four_channels(&window, c, out);
      }
      if (c < channels) {
        /* The last four channels once more: some of them are known already. */
        pool_four_channels(&window, channels - 4, out);
      }
      out += channels;
    }
  }
}
