/* SPDX-License-Identifier: Apache-2.0
 *
 * Any window, stride, dilation and padding with vectors of RISC-V. Windows are copied into scratch,
 * three pixels at a time; tiles and weights as tile_rvv.h, K = kernel_height * kernel_width *
 * in_channels. Where rows have more pixels than a pixel has channels, windows within the image are
 * not copied, and lanes are pixels: pixels_rvv.h.
 */
#include "../common/asm_function.h"
#include "../common/fill_bytes_rvv.h"
#include "../pixels_rvv/pixels_rvv.h"
#include "../tile_rvv/tile_rvv.h"
#include "conv2d.h"

enum { MOST_PIXELS = 32 };

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

/* Whether so many pixels fill lanes better than channels do. */
static int are_lanes_pixels(const struct conv2d_s8 *op, int32_t pixels) {
  return 2 * (pixels < MOST_PIXELS ? pixels : MOST_PIXELS) >= 3 * op->out_channels;
}

/* What runs of pixels have in common, behind tile_rvv_stream. */
static void begin_pixels(const struct conv2d_s8 *op, const struct tile_rvv *tile,
                         struct pixels_rvv *run) {
  const int contiguous = op->dilation_width == 1;
  run->row_step = 4 * op->dilation_height;
  run->height = op->kernel_height;
  run->segments = contiguous ? 1 : op->kernel_width;
  run->segment_step = op->dilation_width * op->in_channels;
  run->run = contiguous ? op->kernel_width * op->in_channels : op->in_channels;
  run->pixel_step = op->stride_width * op->in_channels;
  run->channels = op->out_channels;
  run->zero_point = op->out_zero_point;
  run->low = op->out_min;
  run->high = op->out_max;
  run->bias = tile->bias;
  run->multipliers = tile->multipliers;
  run->rights = tile->rights;
  run->lefts = tile->lefts;
  run->weights = tile->weights;
}

/* Outputs first .. end - 1 of a row, three pixels at a time, whose inputs are copied. */
static __attribute__((noinline)) void make_tiles(const struct conv2d_s8 *op, struct tile_rvv *tile,
                                                 int8_t *inputs, const int8_t *const *in_rows,
                                                 int8_t *out, int32_t first, int32_t end) {
  while (first < end) {
    const int32_t count = end - first < TILE_RVV_PIXELS ? end - first : TILE_RVV_PIXELS;
    for (int32_t p = 0; p < count; p++) {
      const int32_t column = (first + p) * op->stride_width - op->pad_left;
      copy_window(op, in_rows, column, inputs + p * tile->inputs);
    }
    tile->out = out + first * tile->channels;
    tile_rvv(tile, count);
    first += count;
  }
}

/* A row of outputs whose windows within the image are made together, if they are enough. */
static __attribute__((noinline)) void make_row(const struct conv2d_s8 *op, struct tile_rvv *tile,
                                               int8_t *inputs, const int8_t *const *in_rows,
                                               int8_t *out) {
  const int32_t stride = op->stride_width, left = op->pad_left, width = op->out_width;
  const int32_t room = op->in_width - 1 - (op->kernel_width - 1) * op->dilation_width + left;
  const int32_t before = (left + stride - 1) / stride, within = room < 0 ? 0 : room / stride + 1;
  /* The first output whose window lies within the image, and the end of those. */
  const int32_t first = before < width ? before : width;
  const int32_t last = within < width ? within : width, end = last < first ? first : last;
  if (are_lanes_pixels(op, end - first)) {
    struct pixels_rvv run;
    begin_pixels(op, tile, &run);
    run.in_rows = in_rows;
    pixels_rvv(&run, (first * stride - left) * op->in_channels, out + first * tile->channels,
               end - first);
    make_tiles(op, tile, inputs, in_rows, out, 0, first);
    make_tiles(op, tile, inputs, in_rows, out, end, width);
  } else {
    make_tiles(op, tile, inputs, in_rows, out, 0, width);
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
    if (are_lanes_pixels(op, op->out_width)) {
      make_row(op, &tile, scratch, in_rows, *out_rows++);
    } else {
      make_tiles(op, &tile, scratch, in_rows, *out_rows++, 0, op->out_width);
    }
    in_rows += op->stride_height;
  }
}
