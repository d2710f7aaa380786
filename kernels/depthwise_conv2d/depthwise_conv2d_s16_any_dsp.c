/* SPDX-License-Identifier: Apache-2.0
 *
 * As depthwise_conv2d_s16_dsp.c with any sums, biases and scales, requantised in C. At most 508
 * taps, whose products 32 bits hold whatever the values are.
 *
 * weights: the words of taps as there. Biases and scales are those of the portable kernel. scratch
 * as there.
 */
#include "../common/asm_function.h"
#include "depthwise_conv2d.h"
#include "depthwise_taps_s16_dsp.h"

/* Sums of two channels, `offset` bytes from a pixel's first: three of each. */
ASM_FUNCTION static void multiply(__attribute__((unused)) const int32_t *weights,
                                  __attribute__((unused)) const arena_s16 *const *taps,
                                  __attribute__((unused)) int32_t pairs,
                                  __attribute__((unused)) int32_t sums[2 * DEPTHWISE_S16_PIXELS],
                                  __attribute__((unused)) int32_t offset) {
  __asm__ volatile(
      "push {r3-r11, lr}\n\t"
      "ldr r12, [sp, #40]\n\t"
      "mov r7, r2\n\t"
      "mov r6, #24\n\t"
      "mla r10, r2, r6, r1\n\t" TILE_S16_ENTRY(92)
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
      ".rept 8\n\t" DEPTHWISE_S16_BLOCK ".endr\n\t"
      "ldr r2, [sp, #4]\n\t"
      "cmp r1, r2\n\t"
      "bne 2b\n\t"
      "ldr r3, [sp, #8]\n\t"
      "stm r3, {r6-r11}\n\t"
      "add sp, sp, #12\n\t"
      "pop {r4-r11, pc}\n\t");
}

/* All channels of `taken` pixels; the last two channels of an odd number have one from before. */
static void convolve_tile(const struct depthwise_conv2d_s16 *op, const arena_s16 *const *taps,
                          int32_t pairs, int32_t taken, arena_s16 *out) {
  const int32_t channels = op->out_channels;
  const int32_t *weights = op->weights;
  for (int32_t c = 0; c < channels; c += 2) {
    const int32_t first = c + 1 < channels ? c : channels - 2;
    int32_t sums[2 * DEPTHWISE_S16_PIXELS];
    multiply(weights, taps, pairs, sums, 2 * first);
    weights += pairs;
    for (int32_t k = 0; k < 2 * DEPTHWISE_S16_PIXELS; k++) {
      const int32_t p = k % DEPTHWISE_S16_PIXELS, o = first + k / DEPTHWISE_S16_PIXELS;
      if (p < taken) {
        const int64_t sum = op->bias[o] + sums[k];
        out[p * channels + o] =
            clamp_s16(requantize_s16(sum, &op->scales[o], op->wide), op->out_min, op->out_max);
      }
    }
  }
}

void depthwise_conv2d_s16_any_dsp(const struct depthwise_conv2d_s16 *op,
                                  const int8_t *const *in_rows, int8_t *const *out_rows,
                                  int32_t rows, void *scratch) {
  const int32_t channels = op->out_channels, width = op->out_width;
  const int32_t pairs = (op->kernel_height * op->kernel_width + 1) / 2;
  const arena_s16 **taps = scratch;
  const arena_s16 *outside = clear_outside_s16(taps, pairs, channels);
  for (int32_t r = 0; r < rows; r++) {
    arena_s16 *const row = write_s16(out_rows[r]);
    for (int32_t x = 0; x < width; x += DEPTHWISE_S16_PIXELS) {
      const int32_t taken = width - x < DEPTHWISE_S16_PIXELS ? width - x : DEPTHWISE_S16_PIXELS;
      for (int32_t p = 0; p < DEPTHWISE_S16_PIXELS; p++) {
        const int32_t pixel = p < taken ? x + p : x;
        list_taps_s16(op, in_rows + r * op->stride_height, pixel * op->stride_width - op->pad_left,
                      outside, taps + p);
      }
      convolve_tile(op, taps, pairs, taken, row + x * channels);
    }
  }
}
