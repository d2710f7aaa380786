/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../common/real.h"
#include "conv2d_f32.h"

/* The sums of a block for the pixel whose window begins at column `left`. */
static void sum_window(const struct conv2d_f32 *op, const int8_t *const *in_rows, int32_t left,
                       const float *weights, float *sums) {
  const int32_t channels = op->in_channels;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    const int8_t *row = in_rows[i * op->dilation_height];
    for (int32_t j = 0; j < op->kernel_width; j++) {
      const int32_t column = left + j * op->dilation_width;
      if (row != 0 && column >= 0 && column < op->in_width) {
        dense_add_f32(sums, reals(row) + column * channels, weights, channels);
      }
      weights += channels * DENSE_BLOCK;
    }
  }
}

void conv2d_f32_portable(const struct conv2d_f32 *op, const int8_t *const *in_rows,
                         int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  const int32_t block_weights =
      op->kernel_height * op->kernel_width * op->in_channels * DENSE_BLOCK;
  for (int32_t r = 0; r < rows; r++) {
    float *out = reals_out(out_rows[r]);
    for (int32_t x = 0; x < op->out_width; x++) {
      const int32_t left = x * op->stride_width - op->pad_left;
      const float *weights = op->weights;
      for (int32_t o = 0; o < op->out_channels; o += DENSE_BLOCK) {
        float sums[DENSE_BLOCK];
        memcpy(sums, &op->bias[o], sizeof sums);
        sum_window(op, in_rows + r * op->stride_height, left, weights, sums);
        weights += block_weights;
        const int32_t rest = op->out_channels - o;
        const int32_t count = rest < DENSE_BLOCK ? rest : DENSE_BLOCK;
        for (int32_t k = 0; k < count; k++) {
          *out++ = clamp_f32(sums[k], op->out_min, op->out_max);
        }
      }
    }
  }
}
