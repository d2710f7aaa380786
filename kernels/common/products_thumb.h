/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of products of two vectors with two others, for the instructions of Armv6-M:
 *
 *   sums[2 * i + j] = sum_k ends[i][k - count] * ends[2 + j][k - count],   0 <= k < count
 *
 * count > 0.
 */
#ifndef KERNELS_COMMON_PRODUCTS_THUMB_H_
#define KERNELS_COMMON_PRODUCTS_THUMB_H_

#include <stdint.h>

struct products_thumb {
  const int8_t *ends[4]; /* behind the last value of each vector */
  int32_t count;
  int32_t sums[4];
};

/* One value of each vector: first and second are r1 and r2, their partners r3 and r4. */
#define PRODUCTS_THUMB_STEP \
  "ldrsb r0, [r1, r5]\n\t"  \
  "ldrsb r6, [r3, r5]\n\t"  \
  "mov r7, r0\n\t"          \
  "muls r7, r6\n\t"         \
  "add r8, r7\n\t"          \
  "ldrsb r7, [r4, r5]\n\t"  \
  "muls r0, r7\n\t"         \
  "add r9, r0\n\t"          \
  "ldrsb r0, [r2, r5]\n\t"  \
  "muls r6, r0\n\t"         \
  "add r10, r6\n\t"         \
  "muls r7, r0\n\t"         \
  "add r11, r7\n\t"         \
  "adds r5, #1\n\t"

/* `tile` is r0. The index runs from -count to 0, four values a turn behind the first ones. */
static __attribute__((naked, noinline)) void add_products_thumb(struct products_thumb *tile) {
  __asm__ volatile(
      ".syntax unified\n\t"
      "push {r4-r7, lr}\n\t"
      "mov r4, r8\n\t"
      "mov r5, r9\n\t"
      "mov r6, r10\n\t"
      "mov r7, r11\n\t"
      "push {r0, r4-r7}\n\t"
      "ldm r0!, {r1-r5}\n\t"
      "movs r6, #0\n\t"
      "mov r8, r6\n\t"
      "mov r9, r6\n\t"
      "mov r10, r6\n\t"
      "mov r11, r6\n\t"
      "movs r7, #3\n\t"
      "ands r7, r5\n\t"
      "mov r12, r7\n\t"
      "rsbs r5, r5, #0\n\t"
      "tst r7, r7\n\t"
      "beq 2f\n\t"
      "1:\n\t" PRODUCTS_THUMB_STEP
      "mov r0, r12\n\t"
      "subs r0, #1\n\t"
      "mov r12, r0\n\t"
      "bne 1b\n\t"
      "tst r5, r5\n\t"
      "beq 4f\n\t"
      "2:\n\t"
      "3:\n\t" PRODUCTS_THUMB_STEP PRODUCTS_THUMB_STEP PRODUCTS_THUMB_STEP PRODUCTS_THUMB_STEP
      "bne 3b\n\t"
      "4:\n\t"
      "mov r1, r8\n\t"
      "mov r2, r9\n\t"
      "mov r3, r10\n\t"
      "mov r4, r11\n\t"
      "pop {r0}\n\t"
      "adds r0, #20\n\t"
      "stm r0!, {r1-r4}\n\t"
      "pop {r4-r7}\n\t"
      "mov r8, r4\n\t"
      "mov r9, r5\n\t"
      "mov r10, r6\n\t"
      "mov r11, r7\n\t"
      "pop {r4-r7, pc}\n\t");
}

#endif /* KERNELS_COMMON_PRODUCTS_THUMB_H_ */
