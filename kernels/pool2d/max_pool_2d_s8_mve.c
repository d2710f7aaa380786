/* SPDX-License-Identifier: Apache-2.0
 *
 * MAX_POOL_2D for Cortex-M55: sixteen channels at a time, any shape.
 */
#include <arm_mve.h>

#include "pool_window.h"

enum { LANES = 16 };

void max_pool_2d_s8_mve(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  const int32_t channels = op->channels;
  const int8x16_t low = vdupq_n_s8((int8_t)op->out_min), high = vdupq_n_s8((int8_t)op->out_max);
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const struct pool_window window = pool_window_at(op, in_rows, r, x);
      for (int32_t c = 0; c < channels; c += LANES) {
        const mve_pred16_t lanes = vctp8q((uint32_t)(channels - c));
        int8x16_t most = low;
        for (int32_t i = 0; i < window.height; i++) {
          const int8_t *tap = window.rows[i];
          if (tap == 0) {
            continue;
          }
          tap += window.offset + c;
          for (int32_t n = window.columns; n > 0; n--) {
            most = vmaxq_s8(most, vldrbq_z_s8(tap, lanes));
            tap += channels;
          }
        }
        vstrbq_p_s8(out + c, vminq_s8(most, high), lanes);
      }
      out += channels;
    }
  }
}
