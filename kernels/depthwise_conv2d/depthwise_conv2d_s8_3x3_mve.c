/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution, 3 x 3, strides both 1 or both 2, no dilation, multiplier 1, for
 * Cortex-M55: two channels are gathered at a time, then each is computed, eight outputs a pass.
 *
 * An even number of channels, pairs of which lie at half words; at most one column of padding on
 * either side; rows below 64 kB; any sums and weights, scales below one half. Weight stream: that
 * of depthwise_conv2d_s8_planes_mve.c.
 *
 * A column is the four rows of an image that two output rows see with strides of 1, or the three
 * that one sees with strides of 2 and one more. VST4 makes columns of vectors of rows: [column]
 * [2 channels][4 rows], a group of such rows behind the other, so that passes go on from one group
 * to the next and no lanes are left empty at the ends of narrow rows; what a pass computes of
 * columns between groups is not stored. Where each output goes is in a list: bytes from a pointer
 * in front of all of them, 0: nowhere. Rows that are further than 64 kB from each other are
 * computed one by one.
 *
 * scratch, 4-byte aligned: the list, then columns: see packing/mve.py, scratch_bytes_3x3(). With
 * strides of 1 all input of a channel is read before its output is written: output rows may lie
 * over input rows of the same call. With strides of 2 they may not, so columns are of a few rows.
 *
 * Per eight columns of four rows and two channels 11 instructions, per eight outputs 30 (strides of
 * 2: 36).
 */
#include <arm_mve.h>
#include <stddef.h>

#include "../common/asm_function.h"
#include "../common/clamp_rows_mve.h"
#include "../common/fill_bytes_mve.h"
#include "depthwise_conv2d.h"

enum { LANES = 4, EIGHT = 8, ROWS = 4, VECTOR = 16, WINDOW = 3, RECORD = 19 };
enum { CHANNELS = 2, COLUMN = 8, SEEN_AT_ONCE = 12 };
enum { FURTHEST = 65535 };

/* How columns are gathered. The assembler relies on order and size of the members. */
struct gathering {
  const int8_t *const *in_rows;
  int32_t left; /* bytes of columns left of the image */
  int8_t *columns;
  int32_t step; /* bytes of eight pixels */
  int32_t groups;
  int32_t pitch;            /* bytes of columns from group to group */
  int32_t sets;             /* of eight columns in a row */
  int32_t extra;            /* bytes of columns that they reach behind the image */
  int32_t advance;          /* bytes from a group's pointers to the next one's */
  const int8_t *last[ROWS]; /* rows of the last group, the last of them repeated */
  uint16_t first[EIGHT];    /* bytes to eight pixels */
  uint16_t furthest[EIGHT]; /* the same to the last pixel of a row */
  uint32_t padding[LANES];  /* zero points */
};

/* Gathers channels c and c + 1. Padding is written over what is copied from behind the image. */
ASM_FUNCTION static void gather_columns(__attribute__((unused)) const struct gathering *from,
                                        __attribute__((unused)) int32_t c) {
  __asm__ volatile(
      "   push {r4-r11, lr}\n"
      "   vpush {d8-d15}\n"
      "   mov r4, r1\n"
      "   ldm r0, {r1, r2, r3, r8, r9, r11, r12}\n" /* in_rows to sets */
      "   vldrw.32 q5, [r0, #52]\n"                 /* first furthest padding */
      "   vadd.i16 q5, q5, r4\n"
      "   vldrw.32 q7, [r0, #68]\n"
      "   vadd.i16 q7, q7, r4\n"
      "   vldrw.32 q6, [r0, #84]\n"
      "   vstrw.32 q6, [r3]\n"
      "1: cmp r9, #1\n"
      "   it eq\n"
      "   addeq r1, r0, #36\n" /* last */
      "   ldm r1, {r4, r5, r6, r7}\n"
      "   add r10, r3, r2\n"
      "   vmov q4, q5\n"
      "   mov lr, r12\n"
      "2: vmin.u16 q4, q4, q7\n"
      "   vldrh.u16 q0, [r4, q4]\n"
      "   vldrh.u16 q1, [r5, q4]\n"
      "   vldrh.u16 q2, [r6, q4]\n"
      "   vldrh.u16 q3, [r7, q4]\n"
      "   vadd.i16 q4, q4, r8\n"
      "   vst40.8 {q0, q1, q2, q3}, [r10]\n"
      "   vst41.8 {q0, q1, q2, q3}, [r10]\n"
      "   vst42.8 {q0, q1, q2, q3}, [r10]\n"
      "   vst43.8 {q0, q1, q2, q3}, [r10]!\n"
      "   le lr, 2b\n"
      "   ldrd r4, r5, [r0, #28]\n" /* extra advance */
      "   sub r10, r10, r4\n"
      "   vstrw.32 q6, [r10]\n"
      "   add r3, r3, r11\n"
      "   vstrw.32 q6, [r3]\n"
      "   add r1, r1, r5\n"
      "   subs r9, r9, #1\n"
      "   bne 1b\n"
      "   vpop {d8-d15}\n"
      "   pop {r4-r11, pc}\n" ::
          : "memory");
}

/* Two channels of as many outputs as a list has; then those of the next two. The assembler relies
 * on order and size of the members. */
struct run {
  const uint8_t *offsets; /* of taps in a record */
  const uint8_t *record;  /* of the first channel */
  int8_t *out;            /* what the list counts from */
  int32_t zero_point;
  const void *places; /* the list */
  int32_t passes;
  uint32_t columns[LANES]; /* the first four of the first channel, less 16 bytes */
};

#define TAPS(to, at)         \
  "   vldrb.8 q0, [r2, #" at \
  "]\n"                      \
  "   vldrb.u8 " to ", [r1, q0]\n"
/* r1 record, r3 bias, r5 multiplier, r7 shift, r9 places, r10 zero point, r11 out, r12 bytes to the
 * channel's rows in a column, lr passes left, q3 columns, q4 to q7 taps. VQRDMLAH adds the sign to
 * the product, which moves ties of what VRSHL rounds away from zero. */
#define DEFINE_RUN(name, taps, sums, more_sums)                            \
  ASM_FUNCTION static void name(__attribute__((unused)) struct run *run) { \
    __asm__ volatile(                                                      \
        "   push {r4-r11, lr}\n"                                           \
        "   vpush {d8-d15}\n"                                              \
        "   ldrd r1, r11, [r0, #4]\n" /* record out */                     \
        "   ldr r10, [r0, #12]\n"     /* zero_point */                     \
        "   mov r12, #0\n"                                                 \
        "1: ldr r2, [r0]\n" /* offsets */                                  \
        taps                                                               \
        "   ldr r3, [r1]\n"                                                \
        "   ldr r5, [r1, #4]\n"                                            \
        "   ldrsb r7, [r1, #8]\n"                                          \
        "   vldrw.32 q3, [r0, #24]\n" /* columns */                        \
        "   ldrd r9, lr, [r0, #16]\n" /* places passes */                  \
        "   vadd.i32 q3, q3, r12\n"                                        \
        "2:\n" sums                                                        \
        "   vmov q2[2], q2[0], r2, r6\n"                                   \
        "   vmov q2[3], q2[1], r4, r8\n" more_sums                         \
        "   vadd.i32 q2, q2, r3\n"                                         \
        "   vmov q0[2], q0[0], r2, r6\n"                                   \
        "   vshr.s32 q1, q2, #31\n"                                        \
        "   vmov q0[3], q0[1], r4, r8\n"                                   \
        "   vqrdmlah.s32 q1, q2, r5\n"                                     \
        "   vadd.i32 q0, q0, r3\n"                                         \
        "   vrshl.s32 q1, r7\n"                                            \
        "   vshr.s32 q2, q0, #31\n"                                        \
        "   vqmovnb.s32 q1, q1\n"                                          \
        "   vqrdmlah.s32 q2, q0, r5\n"                                     \
        "   vldrh.u16 q0, [r9], #16\n"                                     \
        "   vrshl.s32 q2, r7\n"                                            \
        "   vqmovnt.s32 q1, q2\n"                                          \
        "   vqadd.s16 q1, q1, r10\n"                                       \
        "   vqmovnb.s16 q1, q1\n"                                          \
        "   vpt.i16 ne, q0, zr\n"                                          \
        "   vstrbt.16 q1, [r11, q0]\n"                                     \
        "   le lr, 2b\n"                                                   \
        "   add r11, r11, #1\n"                                            \
        "   add r1, r1, #19\n" /* RECORD */                                \
        "   eors r12, r12, #4\n"                                           \
        "   bne 1b\n"                                                      \
        "   strd r1, r11, [r0, #4]\n"                                      \
        "   vpop {d8-d15}\n"                                               \
        "   pop {r4-r11, pc}\n" ::                                         \
            : "memory");                                                   \
  }

/* Two rows of four outputs, of which two vectors of four columns see all. */
DEFINE_RUN(run_stride_1, TAPS("q4", "0") TAPS("q5", "16") TAPS("q6", "32") TAPS("q7", "48"),
           "   vldrw.u32 q0, [q3, #16]!\n"
           "   vmladav.s8 r2, q0, q4\n"
           "   vldrw.u32 q1, [q3, #16]!\n"
           "   vmladav.s8 r4, q0, q5\n"
           "   vmladav.s8 r6, q1, q4\n"
           "   vmladav.s8 r8, q1, q5\n",
           "   vmladav.s8 r2, q0, q6\n"
           "   vmladav.s8 r4, q0, q7\n"
           "   vmladav.s8 r6, q1, q6\n"
           "   vmladav.s8 r8, q1, q7\n")
/* Eight outputs, those of even places first. */
#define OUTPUT(sum, q, at)        \
  "   vldrw.u32 " q ", [q3, #" at \
  "\n"                            \
  "   vmladav.s8 " sum ", " q ", q4\n"
DEFINE_RUN(run_stride_2, TAPS("q4", "0"),
           OUTPUT("r2", "q0", "16]") OUTPUT("r4", "q1", "48]") OUTPUT("r6", "q0", "80]")
               OUTPUT("r8", "q1", "112]"),
           OUTPUT("r2", "q0", "32]") OUTPUT("r4", "q1", "64]") OUTPUT("r6", "q0", "96]")
               OUTPUT("r8", "q1", "128]!"))

/* Where outputs go: see above. */
struct list {
  uint16_t *places;
  int32_t passes; /* of eight */
  int32_t slots;  /* columns in a group in which windows may begin */
  int32_t spread; /* output rows that share columns */
};

/* Lists the outputs of rows `first` to `last - 1`, from the columns of the first one on. */
static __attribute__((noinline)) void list_rows(const struct list *list,
                                                const struct depthwise_conv2d_s8 *op,
                                                int8_t *const *out_rows, int32_t first,
                                                int32_t last, const int8_t *from) {
  const int32_t spread = list->spread;
  fill_bytes_mve((int8_t *)list->places, 0, list->passes * VECTOR);
  const uint16x8_t numbers = vidupq_n_u16(0, 1);
  const uint16x8_t lanes = vmulq_n_u16(numbers, (uint16_t)spread);
  const uint16_t step = (uint16_t)(EIGHT * op->in_channels);
  uint16_t *group = list->places;
  for (int32_t r = first; r < last; r++) {
    uint16_t *to = group + r % spread;
    const uint16_t start = (uint16_t)(out_rows[r] - from);
    uint16x8_t places = vmlaq_n_u16(vdupq_n_u16(start), numbers, (uint16_t)op->in_channels);
    for (int32_t left = op->out_width; left > 0; left -= EIGHT) {
      vstrhq_scatter_shifted_offset_p_u16(to, lanes, places, vctp16q((uint32_t)left));
      places = vaddq_n_u16(places, step);
      to += EIGHT * spread;
    }
    group += r % spread + 1 == spread ? list->slots * spread : 0;
  }
}

/* Names the four columns that a run of groups begins with. */
static inline void begin_at(struct run *run, const int8_t *columns) {
  const uint32_t start = (uint32_t)(uintptr_t)columns - 2 * COLUMN;
  vst1q_u32(run->columns, vmlaq_n_u32(vdupq_n_u32(start), vidupq_n_u32(0, 1), COLUMN));
}

/* The byte in front of the first row; NULL where a list cannot count to the end of the last one. */
static int8_t *before_rows(const struct depthwise_conv2d_s8 *op, int8_t *const *out_rows,
                           int32_t rows) {
  int8_t *lowest = out_rows[0];
  const int8_t *highest = lowest;
  for (int32_t r = 1; r < rows; r++) {
    lowest = out_rows[r] < lowest ? out_rows[r] : lowest;
    highest = out_rows[r] > highest ? out_rows[r] : highest;
  }
  return highest - lowest + op->out_width * op->out_channels <= FURTHEST ? lowest - 1 : NULL;
}

static void compute_rows(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                         int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t stride = op->stride_width, width = op->out_width, channels = op->out_channels;
  const int32_t left = op->pad_left, spread = 3 - stride;
  const int32_t seen = (width - 1) * stride + WINDOW;
  const int32_t inside = seen - left < op->in_width ? seen - left : op->in_width;
  const int32_t right = seen - left - inside;
  const int32_t slots = (seen - (left < right ? left : right) + stride - 1) / stride;
  const int32_t pitch = slots * stride * COLUMN, sets = (inside + EIGHT - 1) / EIGHT;
  const int32_t groups = (rows + spread - 1) / spread, end = (rows - 1) * stride + WINDOW;
  int8_t *const start = before_rows(op, out_rows, rows);
  const int32_t used = (start != NULL ? (groups - 1) * slots : 0) + width;
  const struct list list = {scratch, (used * spread + EIGHT - 1) / EIGHT, slots, spread};
  int8_t *const columns = (int8_t *)scratch + list.passes * VECTOR;
  struct gathering from = {
      .in_rows = in_rows,
      .left = left * COLUMN,
      .columns = columns,
      .step = EIGHT * channels,
      .groups = groups,
      .pitch = pitch,
      .sets = sets,
      .extra = (sets * EIGHT - inside) * COLUMN,
      .advance = spread * stride * (int32_t)sizeof(*in_rows),
  };
  for (int32_t i = 0, row = (groups - 1) * spread * stride; i < ROWS; i++, row++) {
    from.last[i] = in_rows[row < end ? row : end - 1];
  }
  vst1q_u16(from.first, vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)channels));
  vst1q_u16(from.furthest, vdupq_n_u16((uint16_t)((inside - 1) * channels)));
  vst1q_u32(from.padding, vdupq_n_u32((uint8_t)op->in_zero_point * 0x01010101U));
  struct run run = {
      .offsets = op->weights,
      .record = (const uint8_t *)op->weights + spread * spread * VECTOR,
      .zero_point = op->out_zero_point,
      .places = list.places,
      .passes = list.passes,
  };
  void (*const compute)(struct run *) = stride == 1 ? run_stride_1 : run_stride_2;
  if (start != NULL) {
    list_rows(&list, op, out_rows, 0, rows, start);
    begin_at(&run, columns);
    run.out = start;
  }
  for (int32_t c = 0; c < channels; c += CHANNELS) {
    gather_columns(&from, c);
    if (start != NULL) {
      compute(&run);
      continue;
    }
    const uint8_t *const record = run.record;
    for (int32_t r = 0; r < rows; r++) {
      list_rows(&list, op, out_rows, r, r + 1, out_rows[r] - 1);
      begin_at(&run, columns + r / spread * pitch);
      run.out = out_rows[r] - 1 + c;
      run.record = record;
      compute(&run);
    }
  }
}

void depthwise_conv2d_s8_3x3_mve(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                                 int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int32_t few = op->out_width < SEEN_AT_ONCE ? SEEN_AT_ONCE / op->out_width : 1;
  const int32_t chunk = op->stride_width == 1 ? rows : few;
  for (int32_t r = 0; r < rows; r += chunk) {
    const int32_t some = rows - r < chunk ? rows - r : chunk;
    compute_rows(op, in_rows + r * op->stride_width, out_rows + r, some, scratch);
  }
  clamp_rows_mve(out_rows, rows, op->out_width * op->out_channels, op->out_min, op->out_max);
}
