/* SPDX-License-Identifier: Apache-2.0 */
#include "tile_short.h"

#include "../common/asm_function.h"

/* Sums of a pair of channels, as 16 bits in `to`. r3: weights, r5: K'. */
#define SHORT_PAIR(to)                      \
  "   vldrb.8 q0, [r3]\n"                   \
  "   add r3, r3, r5\n"                     \
  "   vldrb.8 q1, [r3]\n"                   \
  "   add r3, r3, r5\n"                     \
  "   vmladav.s8 r0, q4, q0\n"              \
  "   vmladav.s8 r8, q4, q1\n"              \
  "   vmladav.s8 r2, q5, q0\n"              \
  "   vmladav.s8 r10, q5, q1\n"             \
  "   vmladav.s8 r4, q6, q0\n"              \
  "   vmladav.s8 r12, q6, q1\n"             \
  "   vmladav.s8 r6, q7, q0\n"              \
  "   vmladav.s8 lr, q7, q1\n"              \
  "   vmov q0[2], q0[0], r0, r4\n"          \
  "   vmov q0[3], q0[1], r2, r6\n"          \
  "   vmov q1[2], q1[0], r8, r12\n"         \
  "   vmov q1[3], q1[1], r10, lr\n"         \
  "   ldm r3!, {r0, r2, r4, r6, r8, r10}\n" \
  "   vadd.i32 q0, q0, r0\n"                \
  "   vadd.i32 q1, q1, r6\n"                \
  "   vshr.s32 " to                         \
  ", q0, #31\n"                             \
  "   vqrdmlah.s32 " to                     \
  ", q0, r2\n"                              \
  "   vshr.s32 q0, q1, #31\n"               \
  "   vqrdmlah.s32 q0, q1, r8\n"            \
  "   vrshl.s32 " to                        \
  ", r4\n"                                  \
  "   vrshl.s32 q0, r10\n"                  \
  "   vqmovnb.s32 " to ", " to              \
  "\n"                                      \
  "   vqmovnt.s32 " to ", q0\n"

ASM_FUNCTION void tile_short_mve(__attribute__((unused)) struct tile_short_mve *tile) {
  __asm__ volatile(
      "   push {r4-r11, lr}\n"
      "   vpush {d8-d15}\n"
      "   mov r11, r0\n"
      "   ldr r1, [r11]\n"
      "   ldr r9, [r11, #12]\n" /* zero_point */
      "1: add r0, r11, #4\n"
      "   ldm r0, {r0, r2, r3, r4, r5, r6, r7}\n" /* row taps zero_point windows */
      "   vctp.8 r2\n"
      "   vpstttt\n"
      "   vldrbt.u8 q4, [r4]\n"
      "   vldrbt.u8 q5, [r5]\n"
      "   vldrbt.u8 q6, [r6]\n"
      "   vldrbt.u8 q7, [r7]\n"
      "   mov r5, r0\n"
      "   ldrd r3, r7, [r11, #44]\n" /* weights channels */
      "2: " SHORT_PAIR("q2") SHORT_PAIR("q3")
      "   vqadd.s16 q2, q2, r9\n"
      "   vqadd.s16 q3, q3, r9\n"
      "   vqmovnb.s16 q2, q2\n"
      "   vqmovnt.s16 q2, q3\n"
      "   vldrw.32 q0, [r11, #56]\n" /* lows */
      "   vldrw.32 q1, [r11, #72]\n" /* highs */
      "   vmax.s8 q2, q2, q0\n"
      "   ldr r2, [r11, #52]\n" /* bytewise */
      "   vmin.s8 q2, q2, q1\n"
      "   vldrw.32 q0, [r11, #88]\n" /* offsets */
      "   cbnz r2, 4f\n"
      "   vstrw.32 q2, [r1, q0]\n"
      "   adds r1, r1, #4\n"
      "3: subs r7, r7, #4\n"
      "   bgt 2b\n"
      "   ldrd r0, r2, [r11, #32]\n" /* tiles step */
      "   subs r0, r0, #1\n"
      "   str r0, [r11, #32]\n"
      "   beq 6f\n"
      "   add r0, r11, #16\n"
      "   ldm r0, {r3, r4, r5, r6}\n"
      "   add r3, r3, r2\n"
      "   add r4, r4, r2\n"
      "   add r5, r5, r2\n"
      "   add r6, r6, r2\n"
      "   stm r0, {r3, r4, r5, r6}\n"
      "   ldr r2, [r11, #40]\n" /* skip */
      "   add r1, r1, r2\n"
      "   b 1b\n"
      "4: mov r0, #4\n" /* byte by byte, four or what is left */
      "   cmp r7, #4\n"
      "   it lt\n"
      "   movlt r0, r7\n"
      "5: vstrb.32 q2, [r1, q0]\n"
      "   vshr.u32 q2, q2, #8\n"
      "   adds r1, r1, #1\n"
      "   subs r0, r0, #1\n"
      "   bne 5b\n"
      "   b 3b\n"
      "6: vpop {d8-d15}\n"
      "   pop {r4-r11, pc}\n" ::
          : "memory");
}
