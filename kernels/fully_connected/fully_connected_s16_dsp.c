/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED of int16 for the Armv7E-M DSP extension: sums of 32 bits, TensorFlow Lite's wide
 * requantisation.
 *
 * Four outputs share the inputs. weights, in words, for each four outputs, of which the last begin
 * at out_features - 4 (less than four are filled up by zeros):
 *   four times bias; for each 4 inputs k a word of each output, bytes (w[k], w[k + 2], w[k + 1],
 *   w[k + 3]); four times factor, see ../conv2d/conv2d_tile_s16_dsp.h.
 *
 * 18 instructions for 16 multiply-accumulates, about 7 for each output.
 *
 * scratch: none where in_features is a multiple of 4 and `in` is 4-byte aligned; else a row of
 * inputs, 8 * ceil(in_features / 4) bytes, 4-byte aligned.
 */
#include <string.h>

#include "../common/asm_function.h"
#include "../common/clamp_s16_dsp.h"
#include "../common/product_s16_dsp.h"
#include "fully_connected.h"

/* Four sums by the factors in r5-r8; r3 not 0: negative outputs become 0. */
#define FINISH \
  "smmulr r9, r9, r5\n\t"           \
  "smmulr r10, r10, r6\n\t"         \
  "smmulr r11, r11, r7\n\t"         \
  "smmulr r12, r12, r8\n\t"         \
  "cbz r3, 3f\n\t"                  \
  EACH_OF_2("usat", r9, r10, TO_15_BITS)  \
  EACH_OF_2("usat", r11, r12, TO_15_BITS) \
  "b 4f\n"                          \
  "3:\n\t"                          \
  EACH_OF_2("ssat", r9, r10, TO_16_BITS)  \
  EACH_OF_2("ssat", r11, r12, TO_16_BITS) \
  "4:\n\t"                          \
  "pkhbt r9, r9, r10, lsl #16\n\t"  \
  "pkhbt r11, r11, r12, lsl #16\n\t"

/* The order is that of the assembler's stack. */
struct product_s16 {
  arena_s16 *out;
  const arena_s16 *end; /* of outputs */
  const arena_s16 *inputs;
  const arena_s16 *inputs_end;
  int32_t blocks; /* of 4 inputs */
  int32_t relu;   /* whether negative outputs become 0 */
};

/* Outputs by fours. */
ASM_FUNCTION static void multiply(__attribute__((unused)) const int32_t *weights,
                                  __attribute__((unused)) const struct product_s16 *product) {
  __asm__ volatile(
      "push {r4-r11, lr}\n\t"
      "ldm r1, {r2-r5, r7, r10}\n\t"
      "mov lr, r5\n\t" TILE_S16_ENTRY(72)
      "push {r2-r5, r7, r10}\n"
      "1:\n\t"
      "ldm r0!, {r9-r12}\n\t"
      "ldr r1, [sp, #8]\n\t"
      "ldr pc, [sp, #16]\n\t"
      ".balign 4\n"
      "2:\n\t"
      ".rept 8\n\t" PRODUCT_S16_BLOCK ".endr\n\t"
      "cmp r1, lr\n\t"
      "bne 2b\n\t"
      "ldm r0!, {r5-r8}\n\t"
      "ldrd r1, r2, [sp]\n\t"
      "ldr r3, [sp, #20]\n\t" FINISH
      "str r9, [r1], #4\n\t"
      "str r11, [r1], #4\n\t"
      "str r1, [sp]\n\t"
      "cmp r1, r2\n\t"
      "bne 1b\n\t"
      "add sp, sp, #24\n\t"
      "pop {r4-r11, pc}\n\t");
}

void fully_connected_s16_dsp(const struct fully_connected_s16 *op, const int8_t *in, int8_t *out,
                             void *scratch) {
  const int32_t outputs = op->out_features, blocks = (op->in_features + 3) / 4;
  const int32_t relu = is_relu_s16(op->out_min, op->out_max);
  const int32_t whole = outputs - outputs % PRODUCT_S16_OUTPUTS;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  for (int32_t n = 0; n < op->rows; n++) {
    const arena_s16 *inputs = from;
    if (scratch != NULL) {
      memcpy(scratch, from, 2 * (size_t)op->in_features);
      inputs = scratch;
    }
    struct product_s16 product = {to, to + whole, inputs, inputs + 4 * blocks, blocks, relu};
    const int32_t *weights = op->weights;
    if (whole) {
      multiply(weights, &product);
      weights +=
          whole / PRODUCT_S16_OUTPUTS * (2 * PRODUCT_S16_OUTPUTS + PRODUCT_S16_OUTPUTS * blocks);
    }
    if (outputs % PRODUCT_S16_OUTPUTS) {
      arena_s16 few[PRODUCT_S16_OUTPUTS];
      product.out = whole ? to + outputs - PRODUCT_S16_OUTPUTS : few;
      product.end = product.out + PRODUCT_S16_OUTPUTS;
      multiply(weights, &product);
      if (!whole) {
        memcpy(to, few, 2 * (size_t)outputs);
      }
    }
    if (!relu) {
      clamp_values_s16(to, outputs, op->out_min, op->out_max);
    }
    from += op->in_features;
    to += outputs;
  }
}
