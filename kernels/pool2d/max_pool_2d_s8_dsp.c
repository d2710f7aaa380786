/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_window.h"

#define LEAST_WORD 0x80808080u /* four times INT8_MIN */
#define BLOCK_WORDS 4

/* The larger of each of four int8 values. GE flags go from one instruction to the next. */
static inline uint32_t larger_bytes(uint32_t a, uint32_t b) {
  uint32_t larger;
  __asm__(
      "ssub8 %0, %1, %2\n\t"
      "sel %0, %1, %2"
      : "=&r"(larger)
      : "r"(a), "r"(b));
  return larger;
}

/* `words` times four channels from channel c on. */
static inline __attribute__((always_inline)) void pool_channels(const struct pool_window *window,
                                                                int32_t c, int8_t *out,
                                                                const int32_t words) {
  uint32_t largest[BLOCK_WORDS];
  for (int32_t w = 0; w < words; w++) {
    largest[w] = LEAST_WORD;
  }
  for (int32_t i = 0; i < window->height; i++) {
    if (window->rows[i] == 0) {
      continue;
    }
    const int8_t *tap = window->rows[i] + window->offset + c;
    for (int32_t n = window->columns; n > 0; n--) {
      for (int32_t w = 0; w < words; w++) {
        largest[w] = larger_bytes(pool_load(tap + 4 * w), largest[w]);
      }
      tap += window->channels;
    }
  }
  for (int32_t w = 0; w < words; w++) {
    memcpy(out + c + 4 * w, &largest[w], 4);
  }
}

void max_pool_2d_s8_dsp(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  const int32_t channels = op->channels;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const struct pool_window window = pool_window_at(op, in_rows, r, x);
      int32_t c = 0;
      for (; c + 4 * BLOCK_WORDS <= channels; c += 4 * BLOCK_WORDS) {
        pool_channels(&window, c, out, BLOCK_WORDS);
      }
      if (c + 8 <= channels) {
        pool_channels(&window, c, out, 2);
        c += 8;
      }
      if (c + 4 <= channels) {
        pool_channels(&window, c, out, 1);
        c += 4;
      }
      if (c < channels) {
        /* The last four channels once more: some of them are known already. */
        pool_channels(&window, channels - 4, out, 1);
      }
      out += channels;
    }
  }
}
