/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of conv2d_tile_s16_dsp.h with any sums, biases and scales: sums of at most 127 blocks at a
 * time, which 32 bits hold whatever the values are, are added up in 64 bits and requantised in C.
 *
 * weights: for each two output channels a and b, for each 4 inputs k: bytes (a[k], a[k + 2],
 * a[k + 1], a[k + 3]), then b's. An odd number of channels is filled up by weights of 0. Biases and
 * scales are those of the portable kernels.
 */
#ifndef KERNELS_CONV2D_CONV2D_TILE_ANY_S16_DSP_H_
#define KERNELS_CONV2D_CONV2D_TILE_ANY_S16_DSP_H_

#include "conv2d.h"
#include "conv2d_tile_s16_dsp.h"

#define TILE_S16_SEGMENT 127 /* blocks */

/* Sums of `blocks` blocks, at least one, of 3 pixels: three of a, three of b. */
ASM_FUNCTION static void tile_s16_sums(__attribute__((unused)) const int32_t *weights,
                                       __attribute__((unused)) const uint32_t *inputs,
                                       __attribute__((unused)) int32_t blocks,
                                       __attribute__((unused)) int32_t sums[6]) {
  __asm__ volatile(
      "push {r3-r11, lr}\n\t"
      "mov r7, r2\n\t"
      "mov r6, #24\n\t"
      "mla r10, r2, r6, r1\n\t" TILE_S16_ENTRY(76)
      "push {r7, r10}\n\t"
      "mov r6, #0\n\t"
      "mov r7, #0\n\t"
      "mov r8, #0\n\t"
      "mov r9, #0\n\t"
      "mov r10, #0\n\t"
      "mov r11, #0\n\t"
      "ldr pc, [sp]\n\t"
      ".balign 4\n"
      "2:\n\t"
      ".rept 8\n\t" TILE_S16_BLOCK_3 ".endr\n\t"
      "ldr r2, [sp, #4]\n\t"
      "cmp r1, r2\n\t"
      "bne 2b\n\t"
      "ldr r3, [sp, #8]\n\t"
      "stm r3, {r6-r11}\n\t"
      "add sp, sp, #12\n\t"
      "pop {r4-r11, pc}\n\t");
}

/* All channels of `taken` of three pixels, whose inputs are side by side. */
static inline void tile_s16_any(const struct conv2d_s16 *op, const uint32_t *inputs, int32_t blocks,
                                int32_t taken, arena_s16 *out) {
  const int32_t *weights = op->weights;
  const int32_t channels = op->out_channels;
  for (int32_t o = 0; o < channels; o += 2) {
    const int32_t both = o + 1 < channels;
    int64_t totals[6] = {0};
    for (int32_t first = 0; first < blocks; first += TILE_S16_SEGMENT) {
      const int32_t left = blocks - first;
      int32_t sums[6];
      tile_s16_sums(weights + 2 * first, inputs + 6 * first,
                    left < TILE_S16_SEGMENT ? left : TILE_S16_SEGMENT, sums);
      for (int32_t k = 0; k < 6; k++) {
        totals[k] += sums[k];
      }
    }
    weights += 2 * blocks;
    for (int32_t p = 0; p < taken; p++) {
      for (int32_t k = 0; k <= both; k++) {
        const int64_t sum = totals[p + 3 * k] + op->bias[o + k];
        out[p * channels + o + k] =
            clamp_s16(requantize_s16(sum, &op->scales[o + k], op->wide), op->out_min, op->out_max);
      }
    }
  }
}

#endif /* KERNELS_CONV2D_CONV2D_TILE_ANY_S16_DSP_H_ */
