/* SPDX-License-Identifier: Apache-2.0
 *
 * Tap by tap, all channels of a pixel at a time, for cores without SIMD: the output holds the
 * largest values so far.
 */
#include "pool2d.h"
#include "pool_window.h"

static void keep_larger(int8_t *out, const int8_t *in, int32_t channels) {
  for (int32_t c = 0; c < channels; c++) {
    if (in[c] > out[c]) {
      out[c] = in[c];
    }
  }
}

void max_pool_2d_s8_scalar(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                           int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  const int32_t channels = op->channels;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const struct pool_window window = pool_window_at(op, in_rows, r, x);
      for (int32_t c = 0; c < channels; c++) {
        out[c] = (int8_t)op->out_min;
      }
      for (int32_t i = 0; i < window.height; i++) {
        if (window.rows[i] == 0) {
          continue;
        }
        const int8_t *in = window.rows[i] + window.offset;
        for (int32_t j = 0; j < window.columns; j++) {
          keep_larger(out, in, channels);
          in += channels;
        }
      }
      if (op->out_max < INT8_MAX) {
        for (int32_t c = 0; c < channels; c++) {
          out[c] = clamp_s8(out[c], INT8_MIN, op->out_max);
        }
      }
      out += channels;
    }
  }
}
