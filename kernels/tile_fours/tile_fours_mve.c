/* SPDX-License-Identifier: Apache-2.0 */
#include "tile_fours.h"

#include "../common/asm_function.h"

/* The first blocks of both rows, without what lies in front of them; r0: first_bytes. */
#define FOURS_FIRST                        \
  "   ldm sp, {r0, r1, r5, r7, r9, r11}\n" \
  "   add r2, r3, r0\n"                    \
  "   add r3, r2, r0\n"                    \
  "   vpstt\n"                             \
  "   vldrbt.u8 q0, [r2, #-16]\n"          \
  "   vldrbt.u8 q1, [r3, #-16]\n"
#define FOURS_BLOCK(instruction) \
  "   vldrb.8 q2, [r1], #16\n"   \
  "   " instruction              \
  " r0, q2, q0\n"                \
  "   " instruction              \
  " r8, q2, q1\n"                \
  "   vldrb.8 q3, [r5], #16\n"   \
  "   " instruction              \
  " r2, q3, q0\n"                \
  "   " instruction              \
  " r10, q3, q1\n"               \
  "   vldrb.8 q2, [r7], #16\n"   \
  "   " instruction              \
  " r4, q2, q0\n"                \
  "   " instruction              \
  " r12, q2, q1\n"               \
  "   vldrb.8 q3, [r9], #16\n"   \
  "   " instruction              \
  " r6, q3, q0\n"                \
  "   " instruction " lr, q3, q1\n"
#define FOURS_HALF_BLOCK(instruction) \
  "   vldrb.8 q2, [r1], #16\n"        \
  "   " instruction                   \
  " r0, q2, q0\n"                     \
  "   " instruction                   \
  " r8, q2, q1\n"                     \
  "   vldrb.8 q3, [r5], #16\n"        \
  "   " instruction                   \
  " r2, q3, q0\n"                     \
  "   " instruction " r10, q3, q1\n"
#define FOURS_WEIGHTS          \
  "   vldrb.8 q0, [r3], #16\n" \
  "   vldrb.8 q1, [r3], #16\n"
/* Sums of a pair of channels as 16 bits; registers q0 to q3 are lost. */
#define FOURS_SUMS                          \
  "   vmov q0[2], q0[0], r0, r4\n"          \
  "   vmov q0[3], q0[1], r2, r6\n"          \
  "   vmov q1[2], q1[0], r8, r12\n"         \
  "   vmov q1[3], q1[1], r10, lr\n"         \
  "   ldm r3!, {r0, r2, r4, r6, r8, r10}\n" \
  "   vadd.i32 q0, q0, r0\n"                \
  "   vadd.i32 q1, q1, r6\n"
#define FOURS_NARROW(to)         \
  "   vshr.s32 q2, q0, #31\n"    \
  "   vqrdmlah.s32 q2, q0, r2\n" \
  "   vshr.s32 q3, q1, #31\n"    \
  "   vqrdmlah.s32 q3, q1, r8\n" \
  "   vrshl.s32 q2, r4\n"        \
  "   vrshl.s32 q3, r10\n"       \
  "   vqmovnb.s32 " to           \
  ", q2\n"                       \
  "   vqmovnt.s32 " to ", q3\n"
#define FOURS_MORE FOURS_WEIGHTS FOURS_BLOCK("vmladava.s8")
/* Of two pixels and less, the second one takes the place of the others. The loop of four blocks is
 * entered where as many are left of its first turn as the number of blocks is no multiple of. */
#define FOURS_PAIR(to, full, odd, two, three, one, test, done) \
  FOURS_FIRST                                                  \
  "   cbnz r7, " full "f\n" FOURS_HALF_BLOCK("vmladav.s8")                            \
  "   b 8f\n"                                                                         \
  "7: " FOURS_WEIGHTS FOURS_HALF_BLOCK("vmladava.s8")                                 \
  "8: subs r11, r11, #1\n"                                                            \
  "   bge 7b\n"                                                                       \
  "   mov r4, r2\n"                                                                   \
  "   mov r6, r2\n"                                                                   \
  "   mov r12, r10\n"                                                                 \
  "   mov lr, r10\n"                                                                  \
  "   b " done "f\n" full ": " FOURS_BLOCK("vmladav.s8")                              \
  "   lsrs r11, r11, #1\n"                                                            \
  "   bcs " odd "f\n"                                                                 \
  "   lsrs r11, r11, #1\n"                                                            \
  "   bcs " two "f\n"                                                                 \
  "   b " test "f\n" odd ": lsrs r11, r11, #1\n"                                      \
  "   bcc " one "f\n"                                                                 \
  "   b " three "f\n"                                                                 \
  "9: " FOURS_MORE three ": " FOURS_MORE two ": " FOURS_MORE one ": " FOURS_MORE test  \
  ": subs r11, r11, #1\n"                                                             \
  "   bge 9b\n" done ": " FOURS_SUMS FOURS_NARROW(to)

ASM_FUNCTION void tile_fours_mve(__attribute__((unused)) struct tile_fours_mve *tile) {
  __asm__ volatile(
      "   push {r0, r4-r11, lr}\n"
      "   vpush {d8-d15}\n"
      "   ldrd r1, r2, [r0, #44]\n"
      "   vdup.8 q6, r1\n"
      "   vdup.8 q7, r2\n"
      "   vldrw.32 q5, [r0, #52]\n"
      "   ldm r0, {r1-r11}\n"
      "   push {r1-r10}\n" /* what the loops read */
      "   mov r3, r11\n"
      "   rsb r1, r1, #16\n"
      "   vctp.8 r1\n"
      "   vpnot\n"
      "1: " FOURS_PAIR("q4", "20", "21", "22", "23", "24", "25", "26")
      FOURS_PAIR("q2", "30", "31", "32", "33", "34", "35", "36")
      "   add r1, sp, #24\n"
      "   ldm r1, {r0, r2, r4, r6}\n" /* zero_point out channels bytewise */
      "   vqadd.s16 q4, q4, r0\n"
      "   vqadd.s16 q2, q2, r0\n"
      "   vqmovnb.s16 q4, q4\n"
      "   vqmovnt.s16 q4, q2\n"
      "   vmax.s8 q4, q4, q6\n"
      "   vmin.s8 q4, q4, q7\n"
      "   cbnz r6, 4f\n"
      "   vstrw.32 q4, [r2, q5]\n"
      "   adds r2, r2, #4\n"
      "3: subs r4, r4, #4\n"
      "   strd r2, r4, [sp, #28]\n"
      "   bgt 1b\n"
      "   ldr r0, [sp, #104]\n" /* 40 of copies, 64 of vectors */
      "   ldrd r4, r6, [r0, #68]\n" /* tiles step */
      "   subs r4, r4, #1\n"
      "   str r4, [r0, #68]\n"
      "   beq 6f\n"
      "   add r1, sp, #4\n"
      "   ldm r1, {r5, r7, r9, r11}\n"
      "   add r5, r5, r6\n"
      "   add r7, r7, r6\n"
      "   add r9, r9, r6\n"
      "   add r11, r11, r6\n"
      "   stm r1, {r5, r7, r9, r11}\n"
      "   ldr r6, [r0, #76]\n" /* skip */
      "   add r2, r2, r6\n"
      "   ldr r4, [r0, #32]\n" /* channels */
      "   strd r2, r4, [sp, #28]\n"
      "   ldr r3, [r0, #40]\n" /* weights */
      "   b 1b\n"
      "4: mov r1, #4\n" /* byte by byte, four or what is left */
      "   cmp r4, #4\n"
      "   it lt\n"
      "   movlt r1, r4\n"
      "5: vstrb.32 q4, [r2, q5]\n"
      "   vshr.u32 q4, q4, #8\n"
      "   adds r2, r2, #1\n"
      "   subs r1, r1, #1\n"
      "   bne 5b\n"
      "   b 3b\n"
      "6: add sp, sp, #40\n"
      "   vpop {d8-d15}\n"
      "   pop {r0, r4-r11, pc}\n" ::
          : "memory");
}
