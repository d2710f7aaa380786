/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of 3 or 2 pixels x 2 output channels of an int16 convolution, for the Armv7E-M DSP
 * extension (Cortex-M4, M7, M33): sums of 32 bits, TensorFlow Lite's wide requantisation.
 *
 * Inputs of a tile, K of each pixel, lie in scratch as they come: for each two inputs a word of
 * each pixel. Weights stay int8. The stream, for each two output channels a and b, in words:
 *
 *   bias_a, bias_b
 *   for each 4 inputs k: bytes (a[k], a[k + 2], a[k + 1], a[k + 3]), then b's
 *   factor_a, factor_b: (sum * factor + 2^31) >> 32 is the output
 *
 * K is padded to a multiple of 4 by weights of zero, so that whatever lies behind the inputs counts
 * for nothing. Of an odd number of channels, the last two come once more at the end.
 *
 * 19 instructions for 24 multiply-accumulates, 5.5 for each output.
 */
#ifndef KERNELS_CONV2D_CONV2D_TILE_S16_DSP_H_
#define KERNELS_CONV2D_CONV2D_TILE_S16_DSP_H_

#include "../common/asm_function.h"
#include "../common/clamp_s16_dsp.h"
#include "../common/tile_s16_dsp.h"

/* Two inputs of 3 pixels and of 2: r2 has a channel's weights. */
#define TILE_S16_MULTIPLY_3(a, b, c) \
  "smlad " #a ", r3, r2, " #a        \
  "\n\t"                             \
  "smlad " #b ", r4, r2, " #b        \
  "\n\t"                             \
  "smlad " #c ", r5, r2, " #c "\n\t"
#define TILE_S16_MULTIPLY_2(a, b, x, y) \
  "smlad " #a ", " #x ", r2, " #a       \
  "\n\t"                                \
  "smlad " #b ", " #y ", r2, " #b "\n\t"

/* Four inputs, of 3 pixels (76 bytes) and of 2 (56 bytes). r0 weights, r1 inputs, r6-r8 sums of a,
 * r9-r11 of b. */
#define TILE_S16_BLOCK_3 \
  "ldrd r12, lr, [r0], #8\n\t"           \
  "ldm.w r1!, {r3, r4, r5}\n\t"          \
  "sxtb16 r2, r12\n\t"                   \
  TILE_S16_MULTIPLY_3(r6, r7, r8)        \
  "sxtb16 r2, lr\n\t"                    \
  TILE_S16_MULTIPLY_3(r9, r10, r11)      \
  "ldm.w r1!, {r3, r4, r5}\n\t"          \
  "sxtb16 r2, r12, ror #8\n\t"           \
  TILE_S16_MULTIPLY_3(r6, r7, r8)        \
  "sxtb16 r2, lr, ror #8\n\t"            \
  TILE_S16_MULTIPLY_3(r9, r10, r11)
#define TILE_S16_BLOCK_2 \
  "ldrd r12, lr, [r0], #8\n\t"           \
  "ldm.w r1!, {r3, r4, r5, r8}\n\t"      \
  "sxtb16 r2, r12\n\t"                   \
  TILE_S16_MULTIPLY_2(r6, r7, r3, r4)    \
  "sxtb16 r2, lr\n\t"                    \
  TILE_S16_MULTIPLY_2(r9, r10, r3, r4)   \
  "sxtb16 r2, r12, ror #8\n\t"           \
  TILE_S16_MULTIPLY_2(r6, r7, r5, r8)    \
  "sxtb16 r2, lr, ror #8\n\t"            \
  TILE_S16_MULTIPLY_2(r9, r10, r5, r8)

/* The stack from the words of struct tile_s16; `blocks` becomes an entry. */
#define TILE_S16_ENTER(block_bytes) \
  "push {r4-r11, lr}\n\t"                \
  "ldm r1, {r2-r7, r10}\n\t"             \
  TILE_S16_ENTRY(block_bytes)            \
  "push {r2-r7, r10}\n"                  \
  "1:\n\t"

#define TILE_S16_BLOCKS(block) \
  "ldr r1, [sp, #12]\n\t"      \
  "ldr pc, [sp, #20]\n\t"      \
  ".balign 4\n"                \
  "2:\n\t"                     \
  ".rept 8\n\t" block          \
  ".endr\n\t"                  \
  "ldr r2, [sp, #16]\n\t"      \
  "cmp r1, r2\n\t"             \
  "bne 2b\n\t"                 \
  "ldrd r2, r3, [r0], #8\n\t"  \
  "ldrd r4, r5, [sp]\n\t"      \
  "ldr r1, [sp, #24]\n\t"

#define TILE_S16_LEAVE   \
  "adds r4, r4, #4\n\t"  \
  "ldr r5, [sp, #8]\n\t" \
  "str r4, [sp]\n\t"     \
  "cmp r4, r5\n\t"       \
  "bne 1b\n\t"           \
  "add sp, sp, #28\n\t"  \
  "pop {r4-r11, pc}\n\t"

/* What a tile is given. The order is that of the assembler's stack. */
struct tile_s16 {
  arena_s16 *out;         /* of the first pixel, next channel */
  int32_t step_bytes;     /* from a pixel's outputs to the next one's */
  const arena_s16 *end;   /* of the first pixel's outputs */
  const uint32_t *inputs; /* in scratch */
  const uint32_t *inputs_end;
  int32_t blocks; /* of 4 inputs */
  int32_t relu;   /* whether negative outputs become 0 */
};

/* All pairs of channels of 3 pixels. */
ASM_FUNCTION static void tile_s16_3(__attribute__((unused)) const int32_t *weights,
                                    __attribute__((unused)) const struct tile_s16 *tile) {
  __asm__ volatile(TILE_S16_ENTER(76) TILE_S16_BIAS_3 TILE_S16_BLOCKS(TILE_S16_BLOCK_3)
                       TILE_S16_FINISH_3 TILE_S16_LEAVE);
}

/* Of 2 pixels: r6, r7 sums of a, r9, r10 of b. */
ASM_FUNCTION static void tile_s16_2(__attribute__((unused)) const int32_t *weights,
                                    __attribute__((unused)) const struct tile_s16 *tile) {
  __asm__ volatile(TILE_S16_ENTER(
      56) "ldrd r6, r9, [r0], #8\n\t"
          "mov r7, r6\n\t"
          "mov r10, r9\n\t" TILE_S16_BLOCKS(TILE_S16_BLOCK_2) TILE_S16_FINISH_2 TILE_S16_LEAVE);
}

/* All channels of `pixels` pixels (1 to 3), whose inputs are in scratch; a pixel alone is there
 * twice. */
static inline void tile_s16_channels(const int32_t *weights, struct tile_s16 tile, int32_t pixels,
                                     int32_t channels) {
  arena_s16 *const out = tile.out;
  void (*const multiply)(const int32_t *, const struct tile_s16 *) =
      pixels == 3 ? tile_s16_3 : tile_s16_2;
  if (pixels == 1) {
    tile.step_bytes = 0;
  }
  if (channels > 1) {
    tile.end = out + channels - channels % 2;
    multiply(weights, &tile);
  }
  if (channels % 2) {
    weights += channels / 2 * (4 + 2 * tile.blocks);
    tile.out = out + channels - 2;
    tile.end = out + channels;
    multiply(weights, &tile);
  }
}

#endif /* KERNELS_CONV2D_CONV2D_TILE_S16_DSP_H_ */
