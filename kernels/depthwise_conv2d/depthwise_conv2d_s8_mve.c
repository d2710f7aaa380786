/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution, any window, stride, dilation and padding, multiplier 1, for Cortex-M55.
 *
 * Weight stream, per 8 channels: bias[4], multiplier[4], shift[4] (int32, shifts in [-31, 0]) of
 * channels 0 2 4 6, the same of channels 1 3 5 7, then 8 int8 weights per tap. Channels that fill
 * up the last 8 are zero. Weights are in [-127, 127]: two products then fit 16 bits.
 *
 * scratch: 8 bytes per column of the padded band: ((rows - 1) * stride_height + (kernel_height - 1)
 * * dilation_height + 1) rows of ((out_width - 1) * stride_width + (kernel_width - 1) *
 * dilation_width + 1). All input of 8 channels is read before their output is written: output rows
 * may lie over input rows of the same call.
 *
 * Two pixels at a time, of a row or, in the last column of an odd width, of two rows; per two taps,
 * two pixels, 8 channels: 6 loads and 14 others. The products of two taps are added in 16 bits
 * before they are widened.
 */
#include <arm_mve.h>

#include "../common/asm_function.h"
#include "depthwise_conv2d.h"

enum { CHANNELS = 8, CONSTANTS = 24 };

/* What an output row of up to 8 channels needs. The assembler relies on order and size. */
struct row {
  const int8_t *in;  /* columns of the first tap row */
  int32_t row_bytes; /* from tap row to tap row */
  int8_t *out;
  const int32_t *constants;
  int32_t pixels;
  int32_t step;   /* bytes of columns from pixel to pixel */
  int32_t stride; /* bytes of output from pixel to pixel */
  int32_t channels;
  int32_t zero_point;
  int32_t low;
  int32_t high;
  int32_t kernel_height;
  int32_t kernel_width;
  int32_t gap; /* bytes of columns between taps */
};

/* Sums: q4 even and q5 odd channels of the first pixel, q6 and q7 of the second. r1, r2: the next
 * taps of both; r3: the next weights. gcc 12 does not keep the sums in registers. */
#define WIDEN                \
  "   vmovlb.s16 q0, q1\n"   \
  "   vadd.i32 q4, q4, q0\n" \
  "   vmovlt.s16 q1, q1\n"   \
  "   vadd.i32 q5, q5, q1\n" \
  "   vmovlb.s16 q0, q2\n"   \
  "   vadd.i32 q6, q6, q0\n" \
  "   vmovlt.s16 q2, q2\n"   \
  "   vadd.i32 q7, q7, q2\n"
#define FIRST_TAP               \
  "   vldrb.s16 q0, [r3], #8\n" \
  "   vldrb.s16 q1, [r1], #8\n" \
  "   vmul.i16 q1, q1, q0\n"    \
  "   vldrb.s16 q2, [r2], #8\n" \
  "   vmul.i16 q2, q2, q0\n"
#define SECOND_TAP              \
  "   vldrb.s16 q0, [r3], #8\n" \
  "   vldrb.s16 q3, [r1], #8\n" \
  "   vmul.i16 q3, q3, q0\n"    \
  "   vadd.i16 q1, q1, q3\n"    \
  "   vldrb.s16 q3, [r2], #8\n" \
  "   vmul.i16 q3, q3, q0\n"    \
  "   vadd.i16 q2, q2, q3\n"
#define ONE_TAP FIRST_TAP WIDEN
#define TWO_TAPS FIRST_TAP SECOND_TAP WIDEN

/* r0 row, r4 tap row, r5 tap rows left, r6 row_bytes, r7 offset of the second pixel: 0 for a single
 * last one, which is done twice; r8 constants, r9 in, r10 pixels left, r11 step, r12 out.
 * Requantisation: common/requant_mve.h. */
#define DEFINE_OUTPUT_ROW(name, taps)                                                 \
  ASM_FUNCTION static void name(__attribute__((unused)) const struct row *row) {      \
    __asm__ volatile(                                                                 \
        "   push {r4-r11, lr}\n"                                                      \
        "   vpush {d8-d15}\n"                                                         \
        "   ldrd r9, r6, [r0]\n"                                                      \
        "   ldrd r12, r8, [r0, #8]\n"                                                 \
        "   ldrd r10, r11, [r0, #16]\n"                                               \
        "1: vldrw.32 q4, [r8]\n"                                                      \
        "   vldrw.32 q5, [r8, #48]\n"                                                 \
        "   vldrw.32 q6, [r8]\n"                                                      \
        "   vldrw.32 q7, [r8, #48]\n"                                                 \
        "   cmp r10, #1\n"                                                            \
        "   ite gt\n"                                                                 \
        "   movgt r7, r11\n"                                                          \
        "   movle r7, #0\n"                                                           \
        "   mov r4, r9\n"                                                             \
        "   add r3, r8, #96\n"                                                        \
        "   ldr r5, [r0, #44]\n"                                                      \
        "2: mov r1, r4\n"                                                             \
        "   add r2, r4, r7\n" taps                                                    \
        "   add r4, r4, r6\n"                                                         \
        "   subs r5, r5, #1\n"                                                        \
        "   bne 2b\n"                                                                 \
        "   vldrw.32 q0, [r8, #16]\n"                                                 \
        "   vldrw.32 q1, [r8, #32]\n"                                                 \
        "   vqrdmulh.s32 q4, q4, q0\n"                                                \
        "   vqrdmulh.s32 q6, q6, q0\n"                                                \
        "   vldrw.32 q0, [r8, #64]\n"                                                 \
        "   vand q2, q4, q1\n"                                                        \
        "   vand q3, q6, q1\n"                                                        \
        "   vshr.s32 q2, q2, #31\n"                                                   \
        "   vshr.s32 q3, q3, #31\n"                                                   \
        "   vqadd.s32 q4, q4, q2\n"                                                   \
        "   vqadd.s32 q6, q6, q3\n"                                                   \
        "   vrshl.s32 q4, q4, q1\n"                                                   \
        "   vrshl.s32 q6, q6, q1\n"                                                   \
        "   vldrw.32 q1, [r8, #80]\n"                                                 \
        "   vqrdmulh.s32 q5, q5, q0\n"                                                \
        "   vqrdmulh.s32 q7, q7, q0\n"                                                \
        "   vand q2, q5, q1\n"                                                        \
        "   vand q3, q7, q1\n"                                                        \
        "   vshr.s32 q2, q2, #31\n"                                                   \
        "   vshr.s32 q3, q3, #31\n"                                                   \
        "   vqadd.s32 q5, q5, q2\n"                                                   \
        "   vqadd.s32 q7, q7, q3\n"                                                   \
        "   vrshl.s32 q5, q5, q1\n"                                                   \
        "   vrshl.s32 q7, q7, q1\n"                                                   \
        "   add r1, r0, #24\n"                                                        \
        "   ldm r1, {r1, r2, r3, r4, r5}\n" /* stride channels zero_point low high */ \
        "   vqmovnb.s32 q4, q4\n"                                                     \
        "   vqmovnb.s32 q6, q6\n"                                                     \
        "   vqmovnt.s32 q4, q5\n"                                                     \
        "   vqmovnt.s32 q6, q7\n"                                                     \
        "   vdup.16 q0, r4\n"                                                         \
        "   vdup.16 q1, r5\n"                                                         \
        "   vqadd.s16 q4, q4, r3\n"                                                   \
        "   vqadd.s16 q6, q6, r3\n"                                                   \
        "   vmax.s16 q4, q4, q0\n"                                                    \
        "   vmax.s16 q6, q6, q0\n"                                                    \
        "   vmin.s16 q4, q4, q1\n"                                                    \
        "   vmin.s16 q6, q6, q1\n"                                                    \
        "   mov r3, r12\n"                                                            \
        "   cmp r7, #0\n"                                                             \
        "   ite ne\n"                                                                 \
        "   addne r4, r12, r1\n"                                                      \
        "   moveq r4, r12\n"                                                          \
        "   vctp.16 r2\n"                                                             \
        "   vpstt\n"                                                                  \
        "   vstrbt.16 q4, [r3]\n"                                                     \
        "   vstrbt.16 q6, [r4]\n"                                                     \
        "   add r12, r12, r1, lsl #1\n"                                               \
        "   add r9, r9, r11, lsl #1\n"                                                \
        "   subs r10, r10, #2\n"                                                      \
        "   bgt 1b\n"                                                                 \
        "   vpop {d8-d15}\n"                                                          \
        "   pop {r4-r11, pc}\n" ::                                                    \
            : "memory");                                                              \
  }

#define NEXT_ROW          \
  "   add r1, r1, r6\n"   \
  "   add r1, r1, #-24\n" \
  "   add r2, r2, r6\n"   \
  "   add r2, r2, #-24\n"

/* All nine taps at once: r5 = 1 tap row is left. */
DEFINE_OUTPUT_ROW(output_row_of_3x3, "   mov r5, #1\n" TWO_TAPS FIRST_TAP NEXT_ROW SECOND_TAP WIDEN
                                         TWO_TAPS NEXT_ROW TWO_TAPS ONE_TAP)
DEFINE_OUTPUT_ROW(output_row_of_3, TWO_TAPS ONE_TAP)
DEFINE_OUTPUT_ROW(output_row_of_5, TWO_TAPS TWO_TAPS ONE_TAP)
DEFINE_OUTPUT_ROW(output_row_of_7, TWO_TAPS TWO_TAPS TWO_TAPS ONE_TAP)
DEFINE_OUTPUT_ROW(output_row_of_any,
                  "   push {r12}\n"
                  "   ldrd lr, r12, [r0, #48]\n"
                  "3: " ONE_TAP
                  "   add r1, r1, r12\n"
                  "   add r2, r2, r12\n"
                  "   subs lr, lr, #1\n"
                  "   bne 3b\n"
                  "   pop {r12}\n")

/* Copies up to 8 channels of one input row, with padding on both sides. */
static void gather_row(const struct depthwise_conv2d_s8 *op, const int8_t *row, int8_t *columns,
                       int32_t width, int32_t channels) {
  const int16x8_t padding = vdupq_n_s16(op->in_zero_point);
  const int32_t stride = op->in_channels;
  const int32_t image_end = op->pad_left + op->in_width;
  const int32_t end = image_end < width ? image_end : width;
  int32_t x = 0;
  for (; x < op->pad_left && x < width; x++, columns += CHANNELS) {
    vstrbq_s16(columns, padding);
  }
  if (channels >= CHANNELS) {
    for (; x < end; x++, columns += CHANNELS, row += stride) {
      vstrbq_s16(columns, vldrbq_s16(row));
    }
  } else {
    for (; x < end; x++, columns += CHANNELS, row += stride) {
      vstrbq_s16(columns, vldrbq_z_s16(row, vctp16q((uint32_t)channels)));
    }
  }
  for (; x < width; x++, columns += CHANNELS) {
    vstrbq_s16(columns, padding);
  }
}

static void (*choose_output_row(const struct depthwise_conv2d_s8 *op))(const struct row *) {
  if (op->dilation_width != 1) {
    return output_row_of_any;
  }
  switch (op->kernel_width) {
    case 3:
      return op->kernel_height == 3 ? output_row_of_3x3 : output_row_of_3;
    case 5:
      return output_row_of_5;
    case 7:
      return output_row_of_7;
    default:
      return output_row_of_any;
  }
}

void depthwise_conv2d_s8_mve(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                             int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t width =
      (op->out_width - 1) * op->stride_width + (op->kernel_width - 1) * op->dilation_width + 1;
  const int32_t height =
      (rows - 1) * op->stride_height + (op->kernel_height - 1) * op->dilation_height + 1;
  const int32_t row_bytes = width * CHANNELS;
  const int32_t weight_words = op->kernel_height * op->kernel_width * CHANNELS / 4;
  const int32_t step = op->stride_width * CHANNELS;
  const int32_t band_step = op->stride_height * row_bytes;
  const int32_t pairs = op->out_width / 2 * 2;
  void (*const output_row)(const struct row *) = choose_output_row(op);
  int8_t *columns = scratch;
  struct row row = {
      .row_bytes = op->dilation_height * row_bytes,
      .constants = op->weights,
      .zero_point = op->out_zero_point,
      .low = op->out_min,
      .high = op->out_max,
      .kernel_height = op->kernel_height,
      .kernel_width = op->kernel_width,
      .gap = (op->dilation_width - 1) * CHANNELS,
  };
  for (int32_t c = 0; c < op->out_channels; c += CHANNELS) {
    row.channels = op->out_channels - c;
    for (int32_t i = 0; i < height; i++) {
      gather_row(op, in_rows[i] + c, columns + i * row_bytes, width, row.channels);
    }
    for (int32_t r = 0; r < rows; r++) {
      row.in = columns + r * band_step;
      row.out = out_rows[r] + c;
      if (pairs > 0) {
        row.pixels = pairs;
        row.step = step;
        row.stride = op->out_channels;
        output_row(&row);
      }
      if (pairs < op->out_width && r % 2 == 0) { /* the last pixels of two rows */
        row.in += pairs * step;
        row.out += pairs * op->out_channels;
        row.pixels = rows - r > 1 ? 2 : 1;
        row.step = band_step;
        row.stride = row.pixels > 1 ? (int32_t)(out_rows[r + 1] - out_rows[r]) : 0;
        output_row(&row);
      }
    }
    row.constants += CONSTANTS + weight_words;
  }
}
