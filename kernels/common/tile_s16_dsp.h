/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the int16 kernels for the Armv7E-M DSP extension, as text of assembler statements: sums
 * in registers become outputs of two channels, a in r6-r8 and b in r9-r11, one of each for a pixel.
 *
 * r2, r3 factors; r4 the first pixel's output, r5 the bytes to the next pixel's; r1 not 0 where
 * negative outputs become 0. (sum * factor + 2^31) >> 32 is TensorFlow Lite's requantisation of
 * 64-bit sums by a multiplier of 16 bits, for sums of 32 bits.
 */
#ifndef KERNELS_COMMON_TILE_S16_DSP_H_
#define KERNELS_COMMON_TILE_S16_DSP_H_

/* One instruction for each of three or two sums. */
#define EACH_OF_3(op, a, b, c, rest) \
  op " " #a ", " rest(a) "\n\t" op " " #b ", " rest(b) "\n\t" op " " #c ", " rest(c) "\n\t"
#define EACH_OF_2(op, a, b, rest) op " " #a ", " rest(a) "\n\t" op " " #b ", " rest(b) "\n\t"
#define TIMES_R2(sum) #sum ", r2"
#define TIMES_R3(sum) #sum ", r3"
#define TO_16_BITS(sum) "#16, " #sum
#define TO_15_BITS(sum) "#15, " #sum

/* Clamps of 6 sums, of a pair of channels of 3 pixels. */
#define TILE_S16_CLAMP_3 \
  "cbz r1, 3f\n\t"                                                \
  EACH_OF_3("usat", r6, r7, r8, TO_15_BITS)                       \
  EACH_OF_3("usat", r9, r10, r11, TO_15_BITS)                     \
  "b 4f\n"                                                        \
  "3:\n\t"                                                        \
  EACH_OF_3("ssat", r6, r7, r8, TO_16_BITS)                       \
  EACH_OF_3("ssat", r9, r10, r11, TO_16_BITS)                     \
  "4:\n\t"

#define TILE_S16_FINISH_3                     \
  EACH_OF_3("smmulr", r6, r7, r8, TIMES_R2)   \
  EACH_OF_3("smmulr", r9, r10, r11, TIMES_R3) \
  TILE_S16_CLAMP_3                            \
  "pkhbt r6, r6, r9, lsl #16\n\t"             \
  "pkhbt r7, r7, r10, lsl #16\n\t"            \
  "pkhbt r8, r8, r11, lsl #16\n\t"            \
  "str r6, [r4]\n\t"                          \
  "str r7, [r4, r5]\n\t"                      \
  "str r8, [r4, r5, lsl #1]\n\t"

/* Of 2 pixels: r6, r7 and r9, r10. */
#define TILE_S16_FINISH_2                \
  EACH_OF_2("smmulr", r6, r7, TIMES_R2)  \
  EACH_OF_2("smmulr", r9, r10, TIMES_R3) \
  "cbz r1, 3f\n\t"                                                \
  EACH_OF_2("usat", r6, r7, TO_15_BITS)                           \
  EACH_OF_2("usat", r9, r10, TO_15_BITS)                          \
  "b 4f\n"                                                        \
  "3:\n\t"                                                        \
  EACH_OF_2("ssat", r6, r7, TO_16_BITS)                           \
  EACH_OF_2("ssat", r9, r10, TO_16_BITS)                          \
  "4:\n\t"                                                        \
  "pkhbt r6, r6, r9, lsl #16\n\t"                                 \
  "pkhbt r7, r7, r10, lsl #16\n\t"                                \
  "str r6, [r4]\n\t"                                              \
  "str r7, [r4, r5]\n\t"

/* Biases of the pair are the accumulators of the first pixel; the others start from them. */
#define TILE_S16_BIAS_3       \
  "ldrd r6, r9, [r0], #8\n\t" \
  "mov r7, r6\n\t"            \
  "mov r8, r6\n\t"            \
  "mov r10, r9\n\t"           \
  "mov r11, r9\n\t"

/* r7: how many blocks there are; it becomes an entry into eight of them at label 2, each of so
 * many bytes. r8, r9 are lost. */
#define TILE_S16_ENTRY(block_bytes) \
  "rsb r7, r7, #0\n\t"              \
  "and r7, r7, #7\n\t"              \
  "mov r8, #" #block_bytes          \
  "\n\t"                            \
  "adr.w r9, 2f\n\t"                \
  "mla r7, r7, r8, r9\n\t"          \
  "orr r7, r7, #1\n\t"

#endif /* KERNELS_COMMON_TILE_S16_DSP_H_ */
