/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED for Cortex-M55: four outputs at a time, any sums, scales and number of outputs.
 *
 * Weight stream, per four outputs: bias[4] and multiplier[4] in 32 bits, shift[4] in 8 (TFLite's:
 * positive to the left), then four rows of in_features int8 weights. Outputs that fill up the last
 * four are zero. No scratch. 10 instructions for 64 multiply-accumulates, some 40 for four outputs.
 */
#include "../common/requant_mve.h"
#include "fully_connected.h"

enum { LANES = 4, CONSTANT_BYTES = 2 * LANES * sizeof(int32_t) + LANES };

/* Adds the products of one row of inputs with four rows of weights. The loop's last turn leaves out
 * what lies behind the ends of all rows. VMLADAVA wants even registers. */
static inline int32x4_t add_products(int32x4_t start, const int8_t *inputs, const int8_t *weights,
                                     int32_t count) {
  register int32_t sum0 __asm__("r0") = vgetq_lane_s32(start, 0);
  register int32_t sum1 __asm__("r2") = vgetq_lane_s32(start, 1);
  register int32_t sum2 __asm__("r4") = vgetq_lane_s32(start, 2);
  register int32_t sum3 __asm__("r6") = vgetq_lane_s32(start, 3);
  const int8_t *second = weights + count, *third = second + count, *fourth = third + count;
  __asm__ volatile(
      "   wlstp.8 lr, %[count], 2f\n"
      "1: vldrb.8 q0, [%[inputs]], #16\n"
      "   vldrb.8 q1, [%[first]], #16\n"
      "   vmladava.s8 %[sum0], q0, q1\n"
      "   vldrb.8 q2, [%[second]], #16\n"
      "   vmladava.s8 %[sum1], q0, q2\n"
      "   vldrb.8 q3, [%[third]], #16\n"
      "   vmladava.s8 %[sum2], q0, q3\n"
      "   vldrb.8 q1, [%[fourth]], #16\n"
      "   vmladava.s8 %[sum3], q0, q1\n"
      "   letp lr, 1b\n"
      "2:\n"
      : [sum0] "+r"(sum0), [sum1] "+r"(sum1), [sum2] "+r"(sum2), [sum3] "+r"(sum3),
        [inputs] "+r"(inputs), [first] "+r"(weights), [second] "+r"(second), [third] "+r"(third),
        [fourth] "+r"(fourth)
      : [count] "r"(count)
      : "q0", "q1", "q2", "q3", "lr", "memory");
  int32x4_t sums = vdupq_n_s32(sum0);
  sums = vsetq_lane_s32(sum1, sums, 1);
  sums = vsetq_lane_s32(sum2, sums, 2);
  return vsetq_lane_s32(sum3, sums, 3);
}

void fully_connected_s8_mve(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                            void *scratch) {
  (void)scratch;
  const int32_t features = op->in_features;
  const int32x4_t zero = vdupq_n_s32(0);
  const int32x4_t low = vdupq_n_s32(op->out_min), high = vdupq_n_s32(op->out_max);
  for (int32_t row = 0; row < op->rows; row++, in += features) {
    const int8_t *stream = op->weights;
    for (int32_t left = op->out_features; left > 0; left -= LANES, out += LANES) {
      const int32_t *constants = (const int32_t *)(const void *)stream;
      stream += CONSTANT_BYTES;
      int32x4_t sums = add_products(vldrwq_s32(constants), in, stream, features);
      stream += LANES * features;
      const int32x4_t shift = vldrbq_s32((const int8_t *)(constants + 2 * LANES));
      sums = vshlq_s32(sums, vmaxq_s32(shift, zero));
      sums = requantize_mve(sums, vldrwq_s32(constants + LANES), vminq_s32(shift, zero));
      sums = vaddq_n_s32(sums, op->out_zero_point);
      sums = vminq_s32(vmaxq_s32(sums, low), high);
      vstrbq_p_s32(out, sums, vctp32q((uint32_t)left));
    }
    out += (op->out_features - 1) % LANES - (LANES - 1);
  }
}
