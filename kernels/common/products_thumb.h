/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of products of vectors of int8, for the instructions of Armv6-M: eight registers, and a
 * multiplication that overwrites a factor. Sums stay in the upper registers, which an addition
 * reaches.
 */
#ifndef KERNELS_COMMON_PRODUCTS_THUMB_H_
#define KERNELS_COMMON_PRODUCTS_THUMB_H_

#include <stdint.h>

struct products_thumb {
  const int8_t *ends[4]; /* behind the last value of each vector */
  int32_t count;         /* of values, > 0 */
  const int8_t *fifth;
  int32_t sums[4];
};

/* Turns over r5 = -count .. -1, four values a turn behind the first ones; `tile` is r0. */
#define PRODUCTS_THUMB(STEP)   \
  ".syntax unified\n\t"        \
  "push {r4-r7, lr}\n\t"       \
  "mov r4, r8\n\t"             \
  "mov r5, r9\n\t"             \
  "mov r6, r10\n\t"            \
  "mov r7, r11\n\t"            \
  "push {r0, r4-r7}\n\t"       \
  "ldm r0!, {r1-r5, r7}\n\t"   \
  "movs r6, #0\n\t"            \
  "mov r8, r6\n\t"             \
  "mov r9, r6\n\t"             \
  "mov r10, r6\n\t"            \
  "mov r11, r6\n\t"            \
  "movs r6, #3\n\t"            \
  "ands r6, r5\n\t"            \
  "mov r12, r6\n\t"            \
  "rsbs r5, r5, #0\n\t"        \
  "tst r6, r6\n\t"             \
  "beq 2f\n\t"                 \
  "1:\n\t" STEP                \
  "mov r0, r12\n\t"            \
  "subs r0, #1\n\t"            \
  "mov r12, r0\n\t"            \
  "bne 1b\n\t"                 \
  "tst r5, r5\n\t"             \
  "beq 3f\n\t"                 \
  "2:\n\t" STEP STEP STEP STEP \
  "bne 2b\n\t"                 \
  "3:\n\t"                     \
  "mov r1, r8\n\t"             \
  "mov r2, r9\n\t"             \
  "mov r3, r10\n\t"            \
  "mov r4, r11\n\t"            \
  "pop {r0}\n\t"               \
  "adds r0, #24\n\t"           \
  "stm r0!, {r1-r4}\n\t"       \
  "pop {r4-r7}\n\t"            \
  "mov r8, r4\n\t"             \
  "mov r9, r5\n\t"             \
  "mov r10, r6\n\t"            \
  "mov r11, r7\n\t"            \
  "pop {r4-r7, pc}\n\t"

/* sums[2 * i + j] = sum_k ends[i][k - count] * ends[2 + j][k - count]; 14 instructions for 4. */
static __attribute__((naked, noinline, unused)) void multiply_pairs_thumb(
    struct products_thumb *tile __attribute__((unused))) {
  __asm__ volatile(
      PRODUCTS_THUMB("ldrsb r0, [r1, r5]\n\t"
                     "ldrsb r6, [r3, r5]\n\t"
                     "mov r7, r0\n\t"
                     "muls r7, r6\n\t"
                     "add r8, r7\n\t"
                     "ldrsb r7, [r4, r5]\n\t"
                     "muls r0, r7\n\t"
                     "add r9, r0\n\t"
                     "ldrsb r0, [r2, r5]\n\t"
                     "muls r6, r0\n\t"
                     "add r10, r6\n\t"
                     "muls r7, r0\n\t"
                     "add r11, r7\n\t"
                     "adds r5, #1\n\t"));
}

/* sums[j] = sum_k ends[0][k - count] * other[j][k - count], the others being ends[1], ends[2],
 * ends[3] and `fifth`; 14 instructions for 4. */
static __attribute__((naked, noinline, unused)) void multiply_four_thumb(struct products_thumb *tile
                                                                         __attribute__((unused))) {
  __asm__ volatile(
      PRODUCTS_THUMB("ldrsb r0, [r1, r5]\n\t"
                     "ldrsb r6, [r2, r5]\n\t"
                     "muls r6, r0\n\t"
                     "add r8, r6\n\t"
                     "ldrsb r6, [r3, r5]\n\t"
                     "muls r6, r0\n\t"
                     "add r9, r6\n\t"
                     "ldrsb r6, [r4, r5]\n\t"
                     "muls r6, r0\n\t"
                     "add r10, r6\n\t"
                     "ldrsb r6, [r7, r5]\n\t"
                     "muls r6, r0\n\t"
                     "add r11, r6\n\t"
                     "adds r5, #1\n\t"));
}

#endif /* KERNELS_COMMON_PRODUCTS_THUMB_H_ */
