/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED for Cortex-M55: four outputs at a time, any sums, scales and number of outputs.
 *
 * weights: int8 [out_features, in_features]. channels, per four outputs: bias[4] and multiplier[4]
 * in 32 bits, shift[4] in 8 (TFLite's: positive to the left). Outputs that fill up the last four
 * are zero in both. No scratch. 10 instructions for 64 multiply-accumulates, 30 for four outputs.
 */
#include <arm_mve.h>

#include "../common/asm_function.h"
#include "fully_connected.h"

/* The assembler relies on order and size of the members. */
struct row {
  const int8_t *in;
  int32_t rest; /* of four rows of weights, less the vectors of one */
  int8_t *out;
  int32_t out_features;
  const int8_t *weights;
  int32_t features;
  const int8_t *channels;
  int32_t zero_point;
  int32_t low;
  int32_t high;
};

/* The loop's last turn leaves out what lies behind the ends of all rows. Requantisation:
 * common/requant_mve.h, behind the shift to the left. */
ASM_FUNCTION static void outputs_of_row(__attribute__((unused)) const struct row *row) {
  __asm__ volatile(
      "   push {r0, r4-r11, lr}\n"
      "   vpush {d8-d15}\n"
      "   add r1, r0, #28\n"
      "   ldm r1, {r1, r2, r3}\n" /* zero_point low high */
      "   vdup.32 q5, r1\n"
      "   vdup.32 q6, r2\n"
      "   vdup.32 q7, r3\n"
      "   vmov.i32 q4, #0\n"
      "   ldrd r5, r12, [r0, #8]\n" /* out out_features */
      "   ldrd r3, r8, [r0, #16]\n" /* weights features */
      "   ldr r7, [r0, #24]\n"      /* channels */
      "1: vldrw.32 q0, [r7], #16\n"
      "   add r9, r3, r8\n"
      "   ldr r1, [sp, #64]\n"
      "   add r10, r9, r8\n"
      "   ldr r1, [r1]\n" /* in */
      "   add r11, r10, r8\n"
      "   vmov r0, r4, q0[2], q0[0]\n" /* r0 = lane 0, r4 = lane 2 */
      "   vmov r2, r6, q0[3], q0[1]\n"
      "   wlstp.8 lr, r8, 3f\n"
      "2: vldrb.8 q0, [r1], #16\n"
      "   vldrb.8 q1, [r3], #16\n"
      "   vmladava.s8 r0, q0, q1\n"
      "   vldrb.8 q2, [r9], #16\n"
      "   vmladava.s8 r2, q0, q2\n"
      "   vldrb.8 q3, [r10], #16\n"
      "   vmladava.s8 r4, q0, q3\n"
      "   vldrb.8 q1, [r11], #16\n"
      "   vmladava.s8 r6, q0, q1\n"
      "   letp lr, 2b\n"
      "3: vmov q0[2], q0[0], r0, r4\n"
      "   vmov q0[3], q0[1], r2, r6\n"
      "   vldrb.s32 q2, [r7, #16]\n" /* shift */
      "   ldr r0, [sp, #64]\n"
      "   vmax.s32 q3, q2, q4\n"
      "   vldrw.32 q1, [r7], #20\n" /* multiplier */
      "   vshl.s32 q0, q0, q3\n"
      "   ldr r0, [r0, #4]\n" /* rest */
      "   vqrdmulh.s32 q0, q0, q1\n"
      "   vmin.s32 q2, q2, q4\n"
      "   add r3, r3, r0\n"
      "   vand q1, q0, q2\n"
      "   vshr.s32 q1, q1, #31\n"
      "   vqadd.s32 q0, q0, q1\n"
      "   vrshl.s32 q0, q0, q2\n"
      "   vctp.32 r12\n"
      "   vadd.i32 q0, q0, q5\n"
      "   vmax.s32 q0, q0, q6\n"
      "   vmin.s32 q0, q0, q7\n"
      "   vpst\n"
      "   vstrbt.32 q0, [r5], #4\n"
      "   subs r12, r12, #4\n"
      "   bgt 1b\n"
      "   vpop {d8-d15}\n"
      "   pop {r0, r4-r11, pc}\n" ::
          : "memory");
}

void fully_connected_s8_mve(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                            void *scratch) {
  (void)scratch;
  const int32_t features = op->in_features;
  struct row row = {
      .in = in,
      .rest = 4 * features - (features + 15) / 16 * 16,
      .out = out,
      .out_features = op->out_features,
      .weights = op->weights,
      .features = features,
      .channels = op->channels,
      .zero_point = op->out_zero_point,
      .low = op->out_min,
      .high = op->out_max,
  };
  for (int32_t rows = op->rows; rows > 0; rows--) {
    outputs_of_row(&row);
    row.in += features;
    row.out += row.out_features;
  }
}
