/* SPDX-License-Identifier: Apache-2.0
 *
 * Any window, strides and dilations of int16, for the Armv7E-M DSP extension: multiplier 1, at
 * least 2 channels, sums of 32 bits, TensorFlow Lite's wide requantisation.
 *
 * A tile is three output pixels and two channels. Windows are lists of addresses, side by side for
 * the three; taps outside the image point to a pixel of zeros. The last tile of a row begins where
 * three pixels are left, so that some are computed twice; of a narrow row, one pixel is there three
 * times.
 *
 * weights, in words, for each two channels (of an odd number, the last two come once more):
 *   bias of both; for each two taps a and b bytes (a0, b0, a1, b1); factor of both, see
 *   ../conv2d/conv2d_tile_s16_dsp.h. An odd last tap has a neighbour of weights 0.
 *
 * 23 instructions for 12 multiply-accumulates, 5.5 for each output.
 *
 * scratch: 4-byte aligned; three addresses for each tap, their number made even, and a pixel.
 */
#include "../common/asm_function.h"
#include "../common/clamp_s16_dsp.h"
#include "depthwise_conv2d.h"
#include "depthwise_taps_s16_dsp.h"

/* The order is that of the assembler's stack. */
struct depthwise_tile_s16 {
  arena_s16 *out;         /* of the first pixel, next channel */
  int32_t step_bytes;     /* from a pixel's outputs to the next one's */
  const arena_s16 *end;   /* of the first pixel's outputs */
  const arena_s16 **taps; /* [taps, 3] */
  const arena_s16 **taps_end;
  int32_t pairs;        /* of taps */
  int32_t relu;         /* whether negative outputs become 0 */
  int32_t offset_bytes; /* of the next channel in a pixel */
};

/* All pairs of channels. */
ASM_FUNCTION static void multiply(__attribute__((unused)) const int32_t *weights,
                                  __attribute__((unused)) const struct depthwise_tile_s16 *tile) {
  __asm__ volatile(
      "push {r4-r11, lr}\n\t"
      "ldm r1, {r2-r8, r12}\n\t"
      "mov r10, r8\n\t" TILE_S16_ENTRY(92)
      "push {r2-r7, r10}\n"
      "1:\n\t" TILE_S16_BIAS_3
      "ldr r1, [sp, #12]\n\t"
      "ldr pc, [sp, #20]\n\t"
      ".balign 4\n"
      "2:\n\t"
      ".rept 8\n\t" DEPTHWISE_S16_BLOCK ".endr\n\t"
      "ldr r2, [sp, #16]\n\t"
      "cmp r1, r2\n\t"
      "bne 2b\n\t"
      "ldrd r2, r3, [r0], #8\n\t"
      "ldrd r4, r5, [sp]\n\t"
      "ldr r1, [sp, #24]\n\t" TILE_S16_FINISH_3
      "adds r4, r4, #4\n\t"
      "add r12, r12, #4\n\t"
      "ldr r5, [sp, #8]\n\t"
      "str r4, [sp]\n\t"
      "cmp r4, r5\n\t"
      "bne 1b\n\t"
      "add sp, sp, #28\n\t"
      "pop {r4-r11, pc}\n\t");
}

static void convolve_tile(const struct depthwise_conv2d_s16 *op, struct depthwise_tile_s16 tile) {
  const int32_t channels = op->out_channels;
  const int32_t *weights = op->weights;
  arena_s16 *const out = tile.out;
  tile.end = out + channels - channels % 2;
  multiply(weights, &tile);
  if (channels % 2) {
    tile.out = out + channels - 2;
    tile.end = out + channels;
    tile.offset_bytes = 2 * (channels - 2);
    multiply(weights + channels / 2 * (4 + tile.pairs), &tile);
  }
}

void depthwise_conv2d_s16_dsp(const struct depthwise_conv2d_s16 *op, const int8_t *const *in_rows,
                              int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t channels = op->out_channels, width = op->out_width;
  const int32_t pairs = (op->kernel_height * op->kernel_width + 1) / 2;
  const arena_s16 **taps = scratch;
  const arena_s16 *outside = clear_outside_s16(taps, pairs, channels);
  const int32_t apart = width >= DEPTHWISE_S16_PIXELS, relu = is_relu_s16(op->out_min, op->out_max);
  struct depthwise_tile_s16 tile = {NULL,
                                    apart ? 2 * channels : 0,
                                    NULL,
                                    taps,
                                    taps + 2 * DEPTHWISE_S16_PIXELS * pairs,
                                    pairs,
                                    relu,
                                    0};
  for (int32_t r = 0; r < rows; r++) {
    arena_s16 *const row = write_s16(out_rows[r]);
    for (int32_t x = 0; x < width; x += apart ? DEPTHWISE_S16_PIXELS : 1) {
      const int32_t first =
          apart && x + DEPTHWISE_S16_PIXELS > width ? width - DEPTHWISE_S16_PIXELS : x;
      for (int32_t p = 0; p < DEPTHWISE_S16_PIXELS; p++) {
        const int32_t pixel = first + p * apart;
        list_taps_s16(op, in_rows + r * op->stride_height, pixel * op->stride_width - op->pad_left,
                      outside, taps + p);
      }
      tile.out = row + first * channels;
      convolve_tile(op, tile);
    }
    if (!relu) {
      clamp_values_s16(row, width * channels, op->out_min, op->out_max);
    }
  }
}
