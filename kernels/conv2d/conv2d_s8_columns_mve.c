/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with any window, stride and padding and no horizontal dilation for
 * Cortex-M55: four pixels at a time, of one row or of several. The columns that they see are copied
 * side by side, so that windows share them; weights as tile_fours.h, their inputs in the order
 * kernel_width, kernel_height, in_channels.
 */
#include "../common/asm_function.h"
#include "../common/fill_bytes_mve.h"
#include "../tile_fours/tile_fours.h"
#include "conv2d.h"

#define ROW_BEGINS      \
  "   ldr r0, [r1]\n"   \
  "   add r1, r1, r7\n" \
  "   add r0, r0, r2\n" \
  "   mov r10, r3\n"
#define ROW_ENDS        \
  "   add r3, r3, r4\n" \
  "   subs r5, r5, #1\n"

/* The assembler relies on order and size of the members. */
struct columns_mve {
  int32_t channels;
  int32_t height; /* rows of the kernel */
  int32_t column; /* bytes of a column as it is copied */
  int32_t step;   /* bytes from a pointer to the next row of the kernel */
  int32_t beyond; /* bytes that a pixel's last vector reaches behind it */
  int32_t gap;    /* `column`, less the vectors of a pixel */
};

/* Copies columns that lie inside the image. */
ASM_FUNCTION static void copy_columns(__attribute__((unused)) const struct columns_mve *columns,
                                      __attribute__((unused)) const int8_t *const *in_rows,
                                      __attribute__((unused)) int32_t offset,
                                      __attribute__((unused)) int8_t *to,
                                      __attribute__((unused)) int32_t count) {
  __asm__ volatile(
      "   push {r4-r11, lr}\n"
      "   ldm r0, {r4-r9}\n"    /* channels height column step beyond gap */
      "   ldr r12, [sp, #36]\n" /* count */
      "   cmp r4, #16\n"
      "   bgt 3f\n"
      "   beq 7f\n"
      "   vctp.8 r4\n"
      "1: " ROW_BEGINS
      "   dls lr, r12\n"
      "2: vpstt\n"
      "   vldrbt.u8 q0, [r0]\n"
      "   vstrbt.8 q0, [r10]\n"
      "   add r0, r0, r4\n"
      "   add r10, r10, r6\n"
      "   le lr, 2b\n" ROW_ENDS
      "   bne 1b\n"
      "   pop {r4-r11, pc}\n"
      "3: " ROW_BEGINS
      "   mov r11, r12\n"
      "4: wlstp.8 lr, r4, 6f\n"
      "5: vldrb.8 q0, [r0], #16\n"
      "   vstrb.8 q0, [r10], #16\n"
      "   letp lr, 5b\n"
      "6: add r0, r0, r8\n"
      "   add r10, r10, r9\n"
      "   subs r11, r11, #1\n"
      "   bne 4b\n" ROW_ENDS
      "   bne 3b\n"
      "   pop {r4-r11, pc}\n"
      "7: " ROW_BEGINS /* whole vectors */
      "   dls lr, r12\n"
      "8: vldrb.8 q0, [r0], #16\n"
      "   vstrb.8 q0, [r10]\n"
      "   add r10, r10, r6\n"
      "   le lr, 8b\n" ROW_ENDS
      "   bne 7b\n"
      "   pop {r4-r11, pc}\n" ::
          : "memory");
}

/* Copies columns `first` to `first + count - 1`; those outside the image are zero points. */
static __attribute__((noinline)) int8_t *copy_strip(const struct conv2d_s8 *op,
                                                    const struct columns_mve *columns,
                                                    const int8_t *const *in_rows, int32_t first,
                                                    int32_t count, int8_t *to) {
  const int8_t padding = (int8_t)op->in_zero_point;
  const int32_t end = first + count < op->in_width ? first + count : op->in_width;
  int32_t inside = end - first, before = 0;
  if (first < 0) {
    before = count < -first ? count : -first;
    fill_bytes_mve(to, padding, before * columns->column);
    to += before * columns->column;
    inside = end;
  }
  if (inside > 0) {
    copy_columns(columns, in_rows, (first + before) * op->in_channels, to, inside);
    to += inside * columns->column;
    before += inside;
  }
  const int32_t after = (count - before) * columns->column;
  fill_bytes_mve(to, padding, after); /* of 0 bytes: nothing */
  return to + after;
}

void conv2d_s8_columns_mve(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                           int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t channels = op->out_channels, stride = op->stride_width;
  const int32_t width = op->kernel_width, column = op->kernel_height * op->in_channels;
  const int32_t vectors = (op->in_channels + FOURS_VECTOR - 1) / FOURS_VECTOR * FOURS_VECTOR;
  const struct columns_mve columns = {
      .channels = op->in_channels,
      .height = op->kernel_height,
      .column = column,
      .step = op->dilation_height * (int32_t)sizeof(*in_rows),
      .beyond = op->in_channels - vectors,
      .gap = column - vectors,
  };
  struct tile_fours_mve tile; /* not cleared: some members are never read */
  tile.zero_point = op->out_zero_point;
  tile.channels = channels;
  tile.weights = (const int8_t *)op->weights + FOURS_VECTOR;
  tile.low = op->out_min;
  tile.high = op->out_max;
  const int32_t front = fours_of(&tile, width * column);
  const int32x4_t numbers = vreinterpretq_s32_u32(vidupq_n_u32(0, 1));
  const int32x4_t offsets = vmulq_n_s32(numbers, channels);
  const int32x4_t places = vmulq_n_s32(numbers, stride * column);
  const int32_t seen = (FOURS_PIXELS - 1) * stride + width;
  int8_t *const start = (int8_t *)scratch + FOURS_VECTOR;
  int8_t *to = start;
  int32_t count = 0;
  for (; rows > 0; rows--, in_rows += op->stride_height) {
    int8_t *out = *out_rows++;
    int32_t first = -op->pad_left, left = op->out_width;
    while (left > 0) {
      if (count == 0) {
        tile.out = out;
        to = start;
      }
      if (count == 0 && left >= FOURS_PIXELS && stride <= width) {
        if (first >= 0 && first + seen <= op->in_width) {
          copy_columns(&columns, in_rows, first * op->in_channels, to, seen);
        } else {
          copy_strip(op, &columns, in_rows, first, seen, to);
        }
        const int32_t windows = (int32_t)(uintptr_t)(start - front);
        vst1q_s32((int32_t *)(void *)tile.windows, vaddq_n_s32(places, windows));
        vst1q_s32(tile.offsets, offsets);
        count = FOURS_PIXELS;
        first += FOURS_PIXELS * stride;
        out += FOURS_PIXELS * channels;
        left -= FOURS_PIXELS;
      } else {
        /* Pixels of this row, whose windows overlap or touch. */
        int32_t some = FOURS_PIXELS - count < left ? FOURS_PIXELS - count : left;
        some = stride > width ? 1 : some;
        const int8_t *window = to - front;
        to = copy_strip(op, &columns, in_rows, first, (some - 1) * stride + width, to);
        first += some * stride;
        left -= some;
        for (; some > 0; some--) {
          tile.windows[count] = window;
          tile.offsets[count++] = (int32_t)(out - tile.out);
          window += stride * column;
          out += channels;
        }
      }
      if (count == FOURS_PIXELS || (left == 0 && rows == 1)) {
        if (count <= FOURS_PIXELS / 2) {
          tile.windows[1] = tile.windows[count - 1];
          tile.windows[2] = NULL;
        }
        for (; count < FOURS_PIXELS; count++) {
          tile.windows[3] = tile.windows[count - 1];
          tile.offsets[count] = tile.offsets[count - 1];
        }
        tile.bytewise = (int32_t)((uintptr_t)tile.out | (uint32_t)channels) & 3;
        tile.tiles = 1;
        tile_fours_mve(&tile);
        count = 0;
      }
    }
  }
}
