/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of 3 x 3 windows along a row, for the instructions of Armv6-M: the three rows of taps are
 * walked column by column. The values of a column go into all windows that see it, of which two or
 * three are open at a time: 40 instructions for 9 products.
 */
#ifndef KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_3X3_THUMB_H_
#define KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_3X3_THUMB_H_

#include <stdint.h>

struct columns_thumb {
  int32_t weights[9];
  int32_t bias;
  const int8_t *ends[3]; /* behind the last column of each row of taps */
  int32_t distance;      /* of the first column from the ends, > 0 */
  int32_t step;          /* from column to column; divides the distance */
  int32_t *sums;
  int32_t open[2]; /* windows that have begun: the one with two columns, and that with one */
};

/* r4: the struct, r7: the column, from -distance on, r8 to r10: the ends, r11: where the next sum
 * goes, r12: the step; r6 and r5: the open windows; r0 to r2: the values of a column. */
#define BEGIN_COLUMNS           \
  ".syntax unified\n\t"         \
  "push {r4-r7, lr}\n\t"        \
  "mov r4, r8\n\t"              \
  "mov r5, r9\n\t"              \
  "mov r6, r10\n\t"             \
  "mov r7, r11\n\t"             \
  "push {r4-r7}\n\t"            \
  "mov r4, r0\n\t"              \
  "adds r0, #40\n\t"            \
  "ldm r0!, {r1-r3, r7}\n\t"    \
  "mov r8, r1\n\t"              \
  "mov r9, r2\n\t"              \
  "mov r10, r3\n\t"             \
  "rsbs r7, r7, #0\n\t"         \
  "ldm r0!, {r1-r2, r5-r6}\n\t" \
  "mov r12, r1\n\t"             \
  "mov r11, r2\n\t"             \
  "mov r3, r5\n\t"              \
  "mov r5, r6\n\t"              \
  "mov r6, r3\n\t"

/* r6 and r5 go back to `open`, and r11 to `sums`. */
#define END_COLUMNS       \
  "mov r0, r11\n\t"       \
  "str r0, [r4, #60]\n\t" \
  "str r6, [r4, #64]\n\t" \
  "str r5, [r4, #68]\n\t" \
  "pop {r4-r7}\n\t"       \
  "mov r8, r4\n\t"        \
  "mov r9, r5\n\t"        \
  "mov r10, r6\n\t"       \
  "mov r11, r7\n\t"       \
  "pop {r4-r7, pc}\n\t"

#define LOAD_COLUMN        \
  "mov r3, r8\n\t"         \
  "ldrsb r0, [r3, r7]\n\t" \
  "mov r3, r9\n\t"         \
  "ldrsb r1, [r3, r7]\n\t" \
  "mov r3, r10\n\t"        \
  "ldrsb r2, [r3, r7]\n\t" \
  "add r7, r12\n\t"

/* to = from + the column's products with weights at three distances. */
#define ADD_COLUMN(to, from, first, second, third) \
  "ldr r3, [r4, #" first                           \
  "]\n\t"                                          \
  "muls r3, r0\n\t"                                \
  "adds " to ", " from                             \
  ", r3\n\t"                                       \
  "ldr r3, [r4, #" second                          \
  "]\n\t"                                          \
  "muls r3, r1\n\t"                                \
  "adds " to ", " to                               \
  ", r3\n\t"                                       \
  "ldr r3, [r4, #" third                           \
  "]\n\t"                                          \
  "muls r3, r2\n\t"                                \
  "adds " to ", " to ", r3\n\t"

#define FIRST_COLUMN(to) "ldr " to ", [r4, #36]\n\t" ADD_COLUMN(to, to, "0", "12", "24")
#define MIDDLE_COLUMN(to, from) ADD_COLUMN(to, from, "4", "16", "28")

/* The last column of a window, whose sum goes out. */
#define LAST_COLUMN                       \
  ADD_COLUMN("r6", "r6", "8", "20", "32") \
  "mov r3, r11\n\t"                       \
  "stm r3!, {r6}\n\t"                     \
  "mov r11, r3\n\t"

#define TEST_END "cmp r7, #0\n\t"

/* Stride 1: a sum for each column. */
static __attribute__((naked, noinline)) void sum_columns_thumb(struct columns_thumb *line) {
  __asm__ volatile(BEGIN_COLUMNS "1:\n\t" LOAD_COLUMN LAST_COLUMN MIDDLE_COLUMN("r6", "r5")
                       FIRST_COLUMN("r5") TEST_END "bne 1b\n\t" END_COLUMNS);
}

/* Stride 2: a sum for the first column, and then for every second one. */
static __attribute__((naked, noinline)) void sum_columns_s2_thumb(struct columns_thumb *line) {
  __asm__ volatile(BEGIN_COLUMNS "1:\n\t" LOAD_COLUMN LAST_COLUMN FIRST_COLUMN("r6") TEST_END
                   "beq 2f\n\t" LOAD_COLUMN MIDDLE_COLUMN("r6", "r6") TEST_END
                   "bne 1b\n\t"
                   "2:\n\t" END_COLUMNS);
}

#endif /* KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_3X3_THUMB_H_ */
