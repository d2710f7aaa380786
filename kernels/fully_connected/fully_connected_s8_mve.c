/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED for Cortex-M55: four outputs at a time, any sums, scales and number of outputs.
 *
 * weights: int8 [out_features, in_features]. channels, per four outputs: bias[4] and multiplier[4]
 * in 32 bits, shift[4] in 8 (TFLite's: positive to the left). Outputs that fill up the last four
 * are zero in both. No scratch. 10 instructions for 64 multiply-accumulates, some 40 for four
 * outputs.
 */
#include "../common/products_mve.h"
#include "../common/requant_mve.h"
#include "fully_connected.h"

enum { LANES = 4, CONSTANT_BYTES = 2 * LANES * sizeof(int32_t) + LANES };

void fully_connected_s8_mve(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                            void *scratch) {
  (void)scratch;
  const int32_t features = op->in_features;
  const int32x4_t zero = vdupq_n_s32(0);
  const int32x4_t low = vdupq_n_s32(op->out_min), high = vdupq_n_s32(op->out_max);
  for (int32_t row = 0; row < op->rows; row++, in += features) {
    const int8_t *weights = op->weights, *channels = op->channels;
    int8_t *const end = out + op->out_features;
    for (; out < end; out += LANES) {
      const int32_t *constants = (const int32_t *)(const void *)channels;
      channels += CONSTANT_BYTES;
      int32x4_t sums = add_products_mve(vldrwq_s32(constants), in, weights, features);
      weights += LANES * features;
      const int32x4_t shift = vldrbq_s32((const int8_t *)(constants + 2 * LANES));
      sums = vshlq_s32(sums, vmaxq_s32(shift, zero));
      sums = requantize_mve(sums, vldrwq_s32(constants + LANES), vminq_s32(shift, zero));
      sums = vaddq_n_s32(sums, op->out_zero_point);
      sums = vminq_s32(vmaxq_s32(sums, low), high);
      vstrbq_p_s32(out, sums, vctp32q((uint32_t)(end - out)));
    }
    out = end;
  }
}
