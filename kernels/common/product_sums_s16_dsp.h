/* SPDX-License-Identifier: Apache-2.0
 *
 * Four outputs of a matrix product of int16 in 64 bits, for the Armv7E-M DSP extension: sums of at
 * most 127 blocks at a time, which 32 bits hold whatever the values are, are added up.
 */
#ifndef KERNELS_COMMON_PRODUCT_SUMS_S16_DSP_H_
#define KERNELS_COMMON_PRODUCT_SUMS_S16_DSP_H_

#include "asm_function.h"
#include "product_s16_dsp.h"
#include "values_s16.h"

#define PRODUCT_S16_SEGMENT 127 /* blocks */

/* Four sums of `blocks` blocks, at least one. */
ASM_FUNCTION static void product_s16_segment(__attribute__((unused)) const int32_t *weights,
                                             __attribute__((unused)) const arena_s16 *inputs,
                                             __attribute__((unused)) int32_t blocks,
                                             __attribute__((unused))
                                             int32_t sums[PRODUCT_S16_OUTPUTS]) {
  __asm__ volatile(
      "push {r3-r11, lr}\n\t"
      "mov r7, r2\n\t"
      "add lr, r1, r2, lsl #3\n\t" TILE_S16_ENTRY(72)
      "mov r9, #0\n\t"
      "mov r10, #0\n\t"
      "mov r11, #0\n\t"
      "mov r12, #0\n\t"
      "bx r7\n\t"
      ".balign 4\n"
      "2:\n\t"
      ".rept 8\n\t" PRODUCT_S16_BLOCK ".endr\n\t"
      "cmp r1, lr\n\t"
      "bne 2b\n\t"
      "ldr r3, [sp]\n\t"
      "stm r3, {r9-r12}\n\t"
      "pop {r3-r11, pc}\n\t");
}

/* Sums of `blocks` times four inputs, which are 4-byte aligned; returns where the weights end. For
 * each four inputs k a word of each output, bytes (w[k], w[k + 2], w[k + 1], w[k + 3]). */
static inline const int32_t *product_s16_sums(const int32_t *weights, const arena_s16 *inputs,
                                              int32_t blocks, int64_t totals[PRODUCT_S16_OUTPUTS]) {
  for (int32_t k = 0; k < PRODUCT_S16_OUTPUTS; k++) {
    totals[k] = 0;
  }
  for (int32_t first = 0; first < blocks; first += PRODUCT_S16_SEGMENT) {
    const int32_t left = blocks - first;
    const int32_t count = left < PRODUCT_S16_SEGMENT ? left : PRODUCT_S16_SEGMENT;
    int32_t sums[PRODUCT_S16_OUTPUTS];
    product_s16_segment(weights, inputs + 4 * first, count, sums);
    weights += PRODUCT_S16_OUTPUTS * count;
    for (int32_t k = 0; k < PRODUCT_S16_OUTPUTS; k++) {
      totals[k] += sums[k];
    }
  }
  return weights;
}

#endif /* KERNELS_COMMON_PRODUCT_SUMS_S16_DSP_H_ */
