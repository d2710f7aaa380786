/* SPDX-License-Identifier: Apache-2.0
 *
 * The tile of the dense convolutions with Helium: two pixels, all output channels.
 *
 * Weight stream, per four output channels: bias[4], multiplier[4], shift[4] (int32, shifts in
 * [-31, 0]), then four rows of K int8 weights. Channels that fill up the last four are zero, and
 * 16 spare bytes follow the last row: rows are read in steps of 16 bytes, and what is read behind
 * their ends is multiplied by zeros. TILE_ANY = 1, for scales of one and more: left[4] (int32, in
 * [0, 31]) behind the shifts, by which sums are shifted before they are multiplied.
 */
#ifndef KERNELS_CONV2D_CONV2D_TILE_MVE_H_
#define KERNELS_CONV2D_CONV2D_TILE_MVE_H_

#include <arm_mve.h>
#include <stdint.h>

#include "../common/asm_function.h"
#include "../common/fill_bytes_mve.h"

#ifndef TILE_ANY
#define TILE_ANY 0
#endif
#if TILE_ANY
#define CONSTANT_BYTES "64"
#define SHIFT_LEFT              \
  "   vldrw.32 q2, [r2, #48]\n" \
  "   vshl.s32 q0, q0, q2\n"    \
  "   vshl.s32 q1, q1, q2\n"
#else
#define CONSTANT_BYTES "48"
#define SHIFT_LEFT
#endif

/* The assembler relies on order and size of the members. */
struct conv2d_tile_mve {
  const int8_t *inputs; /* [blocks][2 pixels][16], zeros behind the K inputs of a pixel */
  const void *weights;
  int32_t taps;   /* K */
  int32_t blocks; /* ceil(K / 16) */
  int8_t *out;    /* first pixel */
  int32_t channels;
  int32_t stride; /* bytes from the first pixel's output to the second's */
  int32_t zero_point;
  int32_t low;
  int32_t high;
};

/* Computes and stores the tile; advances weights and out, and counts channels down.
 *
 * VMLADAVA adds 16 products to one core register: 16 instructions per 128 multiply-accumulates,
 * all even registers being sums. About 50 per 8 outputs for everything else. */
ASM_FUNCTION static void conv2d_tile_mve(__attribute__((unused)) struct conv2d_tile_mve *tile) {
  __asm__ volatile(
      "   push {r0, r4-r11, lr}\n"
      "   vpush {d8-d11}\n"
      "   ldrd r1, r2, [r0, #32]\n"
      "   vdup.32 q4, r1\n"
      "   vdup.32 q5, r2\n"
      "1: ldr r11, [sp, #32]\n"
      "   ldm r11, {r1, r3, r5, r11}\n"
      "   ldrd r0, r2, [r3]\n"
      "   ldrd r4, r6, [r3, #8]\n"
      "   mov r8, r0\n"
      "   mov r10, r2\n"
      "   mov r12, r4\n"
      "   mov lr, r6\n"
      "   add r3, r3, #" CONSTANT_BYTES
      "\n"
      "   add r7, r3, r5, lsl #1\n"
      "   add r9, r7, r5\n"
      "   add r5, r3, r5\n"
      "2: vldrb.8 q1, [r1, #16]\n"
      "   vldrb.8 q0, [r1], #32\n"
      "   vldrb.8 q2, [r3], #16\n"
      "   vmladava.s8 r0, q0, q2\n"
      "   vmladava.s8 r8, q1, q2\n"
      "   vldrb.8 q3, [r5], #16\n"
      "   vmladava.s8 r2, q0, q3\n"
      "   vmladava.s8 r10, q1, q3\n"
      "   vldrb.8 q2, [r7], #16\n"
      "   vmladava.s8 r4, q0, q2\n"
      "   vmladava.s8 r12, q1, q2\n"
      "   vldrb.8 q3, [r9], #16\n"
      "   vmladava.s8 r6, q0, q3\n"
      "   vmladava.s8 lr, q1, q3\n"
      "   subs r11, r11, #1\n"
      "   bne 2b\n"
      "   vmov q0[2], q0[0], r0, r4\n" /* lane 0 = r0, lane 2 = r4 */
      "   vmov q0[3], q0[1], r2, r6\n"
      "   vmov q1[2], q1[0], r8, r12\n"
      "   vmov q1[3], q1[1], r10, lr\n"
      "   ldr r11, [sp, #32]\n"
      "   ldm r11, {r1-r8}\n" /* inputs weights taps blocks out channels stride zero_point */
      SHIFT_LEFT
      "   vldrw.32 q2, [r2, #16]\n"
      "   vldrw.32 q3, [r2, #32]\n"
      "   vqrdmulh.s32 q0, q0, q2\n"
      "   vqrdmulh.s32 q1, q1, q2\n"
      "   vand q2, q0, q3\n" /* common/requant_mve.h */
      "   vshr.s32 q2, q2, #31\n"
      "   vqadd.s32 q0, q0, q2\n"
      "   vrshl.s32 q0, q0, q3\n"
      "   vand q2, q1, q3\n"
      "   vshr.s32 q2, q2, #31\n"
      "   vqadd.s32 q1, q1, q2\n"
      "   vrshl.s32 q1, q1, q3\n"
      "   vadd.i32 q0, q0, r8\n"
      "   vadd.i32 q1, q1, r8\n"
      "   vmax.s32 q0, q0, q4\n"
      "   vmax.s32 q1, q1, q4\n"
      "   vmin.s32 q0, q0, q5\n"
      "   vmin.s32 q1, q1, q5\n"
      "   add r7, r5, r7\n"
      "   vctp.32 r6\n"
      "   vpstt\n"
      "   vstrbt.32 q0, [r5]\n"
      "   vstrbt.32 q1, [r7]\n"
      "   add r2, r2, #" CONSTANT_BYTES
      "\n"
      "   add r2, r2, r3, lsl #2\n"
      "   str r2, [r11, #4]\n"
      "   add r5, r5, #4\n"
      "   subs r6, r6, #4\n"
      "   strd r5, r6, [r11, #16]\n"
      "   bgt 1b\n"
      "   vpop {d8-d11}\n"
      "   pop {r0, r4-r11, pc}\n" ::
          : "memory");
}

/* Copies a pixel's count > 0 inputs into its half of `inputs`, from input k on (16 n). */
static inline void tile_inputs_mve(int8_t *to, const int8_t *from, int32_t count) {
  __asm__ volatile(
      "   wlstp.8 lr, %[count], 2f\n"
      "1: vldrb.8 q0, [%[from]], #16\n"
      "   vstrb.8 q0, [%[to]], #32\n"
      "   letp lr, 1b\n"
      "2:\n"
      : [to] "+r"(to), [from] "+r"(from)
      : [count] "r"(count)
      : "q0", "lr", "memory");
}

#endif /* KERNELS_CONV2D_CONV2D_TILE_MVE_H_ */
