/* SPDX-License-Identifier: Apache-2.0
 *
 * Any window, stride, dilation and padding with vectors of RISC-V: windows are copied into scratch,
 * three pixels at a time; tiles and weights as tile_rvv.h, K = kernel_height * kernel_width *
 * in_channels.
 */
#include "../common/asm_function.h"
#include "../common/fill_bytes_rvv.h"
#include "../tile_rvv/tile_rvv.h"
#include "conv2d.h"

/* Copies a run of each row of a window, of `run` bytes; their copies lie `whole` bytes apart.
 * `step`: bytes from a row's pointer to the next one's. */
ASM_FUNCTION static void copy_rows(__attribute__((unused)) int8_t *to,
                                   __attribute__((unused)) const int8_t *const *in_rows,
                                   __attribute__((unused)) int32_t offset,
                                   __attribute__((unused)) int32_t run,
                                   __attribute__((unused)) int32_t whole,
                                   __attribute__((unused)) int32_t height,
                                   __attribute__((unused)) int32_t step) {
  __asm__ volatile(
      "   vsetvli t0, a3, e8, m8, ta, ma\n"
      "   bne t0, a3, 2f\n"
      "1: lw t1, (a1)\n"
      "   add t1, t1, a2\n"
      "   vle8.v v0, (t1)\n"
      "   add a1, a1, a6\n"
      "   addi a5, a5, -1\n"
      "   vse8.v v0, (a0)\n"
      "   add a0, a0, a4\n"
      "   bnez a5, 1b\n"
      "   ret\n"
      "2: lw t1, (a1)\n" /* a run takes several vectors */
      "   add t1, t1, a2\n"
      "   mv t2, a0\n"
      "   mv t3, a3\n"
      "3: vsetvli t0, t3, e8, m8, ta, ma\n"
      "   vle8.v v0, (t1)\n"
      "   sub t3, t3, t0\n"
      "   add t1, t1, t0\n"
      "   vse8.v v0, (t2)\n"
      "   add t2, t2, t0\n"
      "   bnez t3, 3b\n"
      "   add a1, a1, a6\n"
      "   addi a5, a5, -1\n"
      "   add a0, a0, a4\n"
      "   bnez a5, 2b\n"
      "   ret\n" ::
          : "memory");
}

/* Copies the window whose first tap is at a column that may lie outside the image. */
static void copy_window(const struct conv2d_s8 *op, const int8_t *const *in_rows, int32_t column,
                        int8_t *to) {
  const int32_t channels = op->in_channels, width = op->kernel_width, height = op->kernel_height;
  const int32_t dilation = op->dilation_width, right = op->in_width - column;
  const int32_t whole = width * channels, step = 4 * op->dilation_height;
  const int32_t offset = column * channels;
  if (column < 0 || right < (width - 1) * dilation + 1) {
    fill_bytes_rvv(to, op->in_zero_point, whole * height);
  }
  if (dilation > 1) {
    for (int32_t j = 0; j < width; j++) {
      const int32_t tap = column + j * dilation;
      if (tap >= 0 && tap < op->in_width) {
        copy_rows(to + j * channels, in_rows, tap * channels, channels, whole, height, step);
      }
    }
    return;
  }
  const int32_t first = column < 0 ? -column : 0, last = right < width ? right : width;
  if (first < last) {
    const int32_t before = first * channels;
    copy_rows(to + before, in_rows, offset + before, (last - first) * channels, whole, height,
              step);
  }
}

void conv2d_s8_rvv(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                   int8_t *const *out_rows, int32_t rows, void *scratch) {
  struct tile_rvv tile;
  tile_rvv_stream(&tile, op->weights, op->out_channels);
  tile.in = scratch;
  tile.inputs = op->kernel_height * op->kernel_width * op->in_channels;
  tile.stride = tile.inputs;
  tile.zero_point = op->out_zero_point;
  tile.low = op->out_min;
  tile.high = op->out_max;
  for (; rows > 0; rows--) {
    int32_t column = -op->pad_left;
    tile.out = *out_rows++;
    for (int32_t left = op->out_width; left > 0;) {
      const int32_t count = left < TILE_RVV_PIXELS ? left : TILE_RVV_PIXELS;
      for (int32_t p = 0; p < count; p++) {
        copy_window(op, in_rows, column, (int8_t *)scratch + p * tile.inputs);
        column += op->stride_width;
      }
      tile_rvv(&tile, count);
      tile.out += count * tile.channels;
      left -= count;
    }
    in_rows += op->stride_height;
  }
}
