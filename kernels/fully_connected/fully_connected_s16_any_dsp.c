/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED of int16 with any sums, biases and scales for the Armv7E-M DSP extension: sums of
 * at most 127 blocks at a time, which 32 bits hold whatever the values are, are added up in 64 bits
 * and requantised in C.
 *
 * weights: for each four outputs, filled up by zeros, for each 4 inputs k a word of each output,
 * bytes (w[k], w[k + 2], w[k + 1], w[k + 3]). Biases and scales are those of the portable kernel.
 * scratch as in fully_connected_s16_dsp.c.
 */
#include <string.h>

#include "../common/asm_function.h"
#include "fully_connected.h"
#include "fully_connected_block_s16_dsp.h"

#define SEGMENT 127 /* blocks */

/* Four sums of `blocks` blocks, at least one. */
ASM_FUNCTION static void multiply(__attribute__((unused)) const int32_t *weights,
                                  __attribute__((unused)) const arena_s16 *inputs,
                                  __attribute__((unused)) int32_t blocks,
                                  __attribute__((unused)) int32_t sums[PRODUCT_S16_OUTPUTS]) {
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

void fully_connected_s16_any_dsp(const struct fully_connected_s16 *op, const int8_t *in,
                                 int8_t *out, void *scratch) {
  const int32_t outputs = op->out_features, blocks = (op->in_features + 3) / 4;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  for (int32_t n = 0; n < op->rows; n++) {
    const arena_s16 *inputs = from;
    if (scratch != NULL) {
      memcpy(scratch, from, 2 * (size_t)op->in_features);
      inputs = scratch;
    }
    const int32_t *weights = op->weights;
    for (int32_t o = 0; o < outputs; o += PRODUCT_S16_OUTPUTS) {
      const int32_t rest = outputs - o < PRODUCT_S16_OUTPUTS ? outputs - o : PRODUCT_S16_OUTPUTS;
      int64_t totals[PRODUCT_S16_OUTPUTS] = {0};
      for (int32_t first = 0; first < blocks; first += SEGMENT) {
        const int32_t left = blocks - first;
        int32_t sums[PRODUCT_S16_OUTPUTS];
        multiply(weights, inputs + 4 * first, left < SEGMENT ? left : SEGMENT, sums);
        weights += PRODUCT_S16_OUTPUTS * (left < SEGMENT ? left : SEGMENT);
        for (int32_t k = 0; k < PRODUCT_S16_OUTPUTS; k++) {
          totals[k] += sums[k];
        }
      }
      for (int32_t k = 0; k < rest; k++) {
        const int64_t sum = totals[k] + op->bias[o + k];
        *to++ =
            clamp_s16(requantize_s16(sum, &op->scales[o + k], op->wide), op->out_min, op->out_max);
      }
    }
    from += op->in_features;
  }
}
