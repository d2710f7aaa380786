/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution for Cortex-M55, channel by channel: the columns of a window lie side by
 * side, so that VMLADAV multiplies and adds sixteen taps of an output at once.
 *
 * Windows of up to 8 x 8 without dilation, multiplier 1, strides across of 1 or 2, any padding and
 * weights, shifts in [-31, 0]. A column is COLUMN bytes, 4 for windows of up to 4 rows and 8 for
 * others; up to 64 bytes of columns make a window. Where COLUMN has room for more rows than that,
 * several output rows share columns: 1 + (COLUMN - kernel_height) / stride_height.
 *
 * Weight stream: for each of the output rows that share columns, offsets of the taps in a record:
 * uint8 [1, 3 or 4 vectors][16], by columns, those of taps that are none pointing to the record's
 * zero. 3 x 3 with strides of 1 has two vectors per row instead, the second a column further on.
 * Then a record per channel: int32 bias, int32 multiplier, int8 shift, int8 0, and int8 taps
 * [kernel_height][kernel_width].
 *
 * scratch, 4-byte aligned: columns of one channel, for all rows of the call: see
 * packing/mve.py, scratch_bytes_planes(). All input of a channel is read before its output is
 * written: output rows may lie over input rows of the same call.
 *
 * Per four outputs: 4 to 10 loads, 4 to 16 VMLADAV, 18 for the rest; of 3 x 3 with strides of 1 per
 * eight outputs of two rows: 2 loads, 8 VMLADAV, 34 for the rest. Four columns of a channel are
 * gathered in 12 (of 4 bytes) or 21 instructions.
 */
#include <arm_mve.h>
#include <stddef.h>
#include <string.h>

#include "../common/asm_function.h"
#include "depthwise_conv2d.h"

enum { LANES = 4, VECTOR = 16, SHORT = 4, TALL = 8, RECORD = 10 };

/* Output rows of one channel that are as far from their columns. The assembler relies on order and
 * size of the members. */
struct planes {
  const int8_t *columns;   /* of the first row */
  int32_t group_bytes;     /* from one row's columns to the next one's */
  int8_t *const *out_rows; /* the first row */
  int32_t row_skip;        /* bytes from one row's pointer to the next one's */
  int32_t channel;
  int32_t width;
  int32_t rows;
  int32_t step; /* bytes of four outputs */
  const uint8_t *record;
  const uint8_t *offsets;
  int32_t zero_point;
  int32_t low;
  int32_t high;
  uint32_t pixels[LANES]; /* where four outputs lie */
  int16_t lows[2 * LANES];
  int16_t highs[2 * LANES];
};

#define TAPS(v)                 \
  "   vldrb.8 q1, [r2, #16*" #v \
  "]\n"                         \
  "   vldrb.u8 q" TAPS_##v ", [r1, q1]\n"
#define TAPS_0 "4"
#define TAPS_1 "5"
#define TAPS_2 "6"
#define TAPS_3 "7"
#define VECTORS_1 TAPS(0)
#define VECTORS_3 TAPS(0) TAPS(1) TAPS(2)
#define VECTORS_4 TAPS(0) TAPS(1) TAPS(2) TAPS(3)

/* A vector of columns into q0 or q1, and what it adds to four outputs' sums, r2, r4, r6, r8. */
#define EVEN(at) "   vldrw.32 q0, [r1, #" #at "]\n"
#define ODD(at) "   vldrw.32 q1, [r1, #" #at "]\n"
#define FIRST(sum, q, taps) "   vmladav.s8 " #sum ", " #q ", " #taps "\n"
#define MORE(sum, q, taps) "   vmladava.s8 " #sum ", " #q ", " #taps "\n"

/* r0 planes, r1 columns, r3 bias, r5 multiplier, r7 shift, r9 1 where there is a shift: then ties
 * go away from zero; r10 zero point, r11 out, r12 bytes of four outputs, lr outputs left, q2 low,
 * q3 high, q4 to q7 taps. */
#define DEFINE_PLANES(name, vectors, step, sums)                                 \
  ASM_FUNCTION static void name(__attribute__((unused)) struct planes *planes) { \
    __asm__ volatile(                                                            \
        "   push {r4-r11, lr}\n"                                                 \
        "   vpush {d8-d15}\n"                                                    \
        "   ldrd r1, r2, [r0, #32]\n" /* record offsets */                       \
        VECTORS_##vectors                                                        \
        "   ldr r3, [r1]\n"                                                      \
        "   ldr r5, [r1, #4]\n"                                                  \
        "   ldrsb r7, [r1, #8]\n"                                                \
        "   cmp r7, #0\n"                                                        \
        "   ite ne\n"                                                            \
        "   movne r9, #1\n"                                                      \
        "   moveq r9, #0\n"                                                      \
        "   ldrd r10, r1, [r0, #40]\n" /* zero_point low */                      \
        "   ldr r2, [r0, #48]\n"                                                 \
        "   vdup.32 q2, r1\n"                                                    \
        "   vdup.32 q3, r2\n"                                                    \
        "   ldr r12, [r0, #28]\n"                                                \
        "1: ldrd r1, r2, [r0]\n"      /* columns group_bytes */                  \
        "   ldrd r4, r6, [r0, #8]\n"  /* out_rows row_skip */                    \
        "   ldrd r8, lr, [r0, #16]\n" /* channel width */                        \
        "   ldr r11, [r4]\n"                                                     \
        "   add r2, r1, r2\n"                                                    \
        "   str r2, [r0]\n"                                                      \
        "   add r4, r4, r6\n"                                                    \
        "   str r4, [r0, #8]\n"                                                  \
        "   add r11, r11, r8\n"                                                  \
        "2:\n" sums                                                              \
        "   vmov q0[2], q0[0], r2, r6\n"                                         \
        "   vmov q0[3], q0[1], r4, r8\n"                                         \
        "   vadd.i32 q0, q0, r3\n"                                               \
        "   vqrdmulh.s32 q0, q0, r5\n"                                           \
        "   vshr.s32 q1, q0, #31\n"                                              \
        "   vmla.s32 q0, q1, r9\n"                                               \
        "   vrshl.s32 q0, r7\n"                                                  \
        "   vadd.i32 q0, q0, r10\n"                                              \
        "   vmax.s32 q0, q0, q2\n"                                               \
        "   vmin.s32 q0, q0, q3\n"                                               \
        "   vldrw.32 q1, [r0, #52]\n"                                            \
        "   vctp.32 lr\n"                                                        \
        "   vpst\n"                                                              \
        "   vstrbt.32 q0, [r11, q1]\n"                                           \
        "   add r11, r11, r12\n"                                                 \
        "   add r1, r1, #4*" #step                                               \
        "\n"                                                                     \
        "   subs lr, lr, #4\n"                                                   \
        "   bgt 2b\n"                                                            \
        "   ldr r2, [r0, #24]\n"                                                 \
        "   subs r2, r2, #1\n"                                                   \
        "   str r2, [r0, #24]\n"                                                 \
        "   bgt 1b\n"                                                            \
        "   vpop {d8-d15}\n"                                                     \
        "   pop {r4-r11, pc}\n" ::                                               \
            : "memory");                                                         \
  }

/* By vectors of a window and bytes from one output's columns to the next one's. */
DEFINE_PLANES(planes_1_4, 1, 4,
              EVEN(0) FIRST(r2, q0, q4) ODD(4) FIRST(r4, q1, q4) EVEN(8) FIRST(r6, q0, q4) ODD(12)
                  FIRST(r8, q1, q4))
DEFINE_PLANES(planes_1_8, 1, 8,
              EVEN(0) FIRST(r2, q0, q4) ODD(8) FIRST(r4, q1, q4) EVEN(16) FIRST(r6, q0, q4) ODD(24)
                  FIRST(r8, q1, q4))
DEFINE_PLANES(planes_3_8, 3, 8,
              EVEN(0) FIRST(r2, q0, q4) ODD(8) FIRST(r4, q1, q4) EVEN(16) MORE(r2, q0, q5)
                  FIRST(r6, q0, q4) ODD(24) MORE(r4, q1, q5) FIRST(r8, q1, q4) EVEN(32)
                      MORE(r2, q0, q6) MORE(r6, q0, q5) ODD(40) MORE(r4, q1, q6) MORE(r8, q1, q5)
                          EVEN(48) MORE(r6, q0, q6) ODD(56) MORE(r8, q1, q6))
DEFINE_PLANES(planes_3_16, 3, 16,
              EVEN(0) FIRST(r2, q0, q4) ODD(16) MORE(r2, q1, q5) FIRST(r4, q1, q4) EVEN(32)
                  MORE(r2, q0, q6) MORE(r4, q0, q5) FIRST(r6, q0, q4) ODD(48) MORE(r4, q1, q6)
                      MORE(r6, q1, q5) FIRST(r8, q1, q4) EVEN(64) MORE(r6, q0, q6) MORE(r8, q0, q5)
                          ODD(80) MORE(r8, q1, q6))
DEFINE_PLANES(planes_4_8, 4, 8,
              EVEN(0) FIRST(r2, q0, q4) ODD(8) FIRST(r4, q1, q4) EVEN(16) MORE(r2, q0, q5)
                  FIRST(r6, q0, q4) ODD(24) MORE(r4, q1, q5) FIRST(r8, q1, q4) EVEN(32)
                      MORE(r2, q0, q6) MORE(r6, q0, q5) ODD(40) MORE(r4, q1, q6) MORE(r8, q1, q5)
                          EVEN(48) MORE(r2, q0, q7) MORE(r6, q0, q6) ODD(56) MORE(r4, q1, q7)
                              MORE(r8, q1, q6) EVEN(64) MORE(r6, q0, q7) ODD(72) MORE(r8, q1, q7))
DEFINE_PLANES(planes_4_16, 4, 16,
              EVEN(0) FIRST(r2, q0, q4) ODD(16) MORE(r2, q1, q5) FIRST(r4, q1, q4) EVEN(32)
                  MORE(r2, q0, q6) MORE(r4, q0, q5) FIRST(r6, q0, q4) ODD(48) MORE(r2, q1, q7)
                      MORE(r4, q1, q6) MORE(r6, q1, q5) FIRST(r8, q1, q4) EVEN(64) MORE(r4, q0, q7)
                          MORE(r6, q0, q6) MORE(r8, q0, q5) ODD(80) MORE(r6, q1, q7)
                              MORE(r8, q1, q6) EVEN(96) MORE(r8, q0, q7))

/* The same for 3 x 3 with strides of 1, two rows of outputs at a time: r11, r12 are their places,
 * or both that of the last row, which is written last. `rows` counts rows, not pairs. */
ASM_FUNCTION static void planes_3x3(__attribute__((unused)) struct planes *planes) {
  __asm__ volatile(
      "   push {r4-r11, lr}\n"
      "   vpush {d8-d15}\n"
      "   ldrd r1, r2, [r0, #32]\n" /* record offsets */
      VECTORS_4
      "   ldr r3, [r1]\n"
      "   ldr r5, [r1, #4]\n"
      "   ldrsb r7, [r1, #8]\n"
      "   cmp r7, #0\n"
      "   ite ne\n"
      "   movne r9, #1\n"
      "   moveq r9, #0\n"
      "   ldr r10, [r0, #40]\n"    /* zero_point */
      "1: ldr r8, [r0, #24]\n"     /* rows */
      "   ldrd r4, r6, [r0, #8]\n" /* out_rows row_skip */
      "   ldrd r1, r2, [r0]\n"     /* columns group_bytes */
      "   ldr r11, [r4]\n"
      "   mov r12, r11\n"
      "   cmp r8, #1\n"
      "   it gt\n"
      "   ldrgt r12, [r4, #4]\n"
      "   add r2, r1, r2\n"
      "   str r2, [r0]\n"
      "   add r4, r4, r6\n"
      "   str r4, [r0, #8]\n"
      "   ldrd r8, lr, [r0, #16]\n" /* channel width */
      "   add r11, r11, r8\n"
      "   add r12, r12, r8\n"
      "2: vldrw.32 q0, [r1]\n"
      "   vmladav.s8 r2, q0, q4\n"
      "   vldrw.32 q1, [r1, #8]\n"
      "   vmladav.s8 r4, q0, q5\n"
      "   vmladav.s8 r6, q1, q4\n"
      "   vmladav.s8 r8, q1, q5\n"
      "   vmov q2[2], q2[0], r2, r6\n"
      "   vmladav.s8 r2, q0, q6\n"
      "   vmov q2[3], q2[1], r4, r8\n"
      "   vmladav.s8 r4, q0, q7\n"
      "   vmladav.s8 r6, q1, q6\n"
      "   vmladav.s8 r8, q1, q7\n"
      "   vadd.i32 q2, q2, r3\n"
      "   vmov q3[2], q3[0], r2, r6\n"
      "   vqrdmulh.s32 q2, q2, r5\n"
      "   vmov q3[3], q3[1], r4, r8\n"
      "   vadd.i32 q3, q3, r3\n"
      "   vshr.s32 q0, q2, #31\n"
      "   vqrdmulh.s32 q3, q3, r5\n"
      "   vmla.s32 q2, q0, r9\n"
      "   vshr.s32 q1, q3, #31\n"
      "   vrshl.s32 q2, r7\n"
      "   vmla.s32 q3, q1, r9\n"
      "   vldrw.32 q0, [r0, #68]\n" /* lows */
      "   vrshl.s32 q3, r7\n"
      "   vqmovnb.s32 q2, q2\n"
      "   vqmovnt.s32 q2, q3\n"
      "   vldrw.32 q1, [r0, #84]\n" /* highs */
      "   vqadd.s16 q2, q2, r10\n"
      "   vmax.s16 q2, q2, q0\n"
      "   vldrw.32 q0, [r0, #52]\n" /* pixels */
      "   vmin.s16 q2, q2, q1\n"
      "   vctp.32 lr\n"
      "   vshr.u32 q3, q2, #16\n"
      "   vpstt\n"
      "   vstrbt.32 q3, [r12, q0]\n"
      "   vstrbt.32 q2, [r11, q0]\n"
      "   ldr r2, [r0, #28]\n"
      "   add r1, r1, #16\n"
      "   add r12, r12, r2\n"
      "   add r11, r11, r2\n"
      "   subs lr, lr, #4\n"
      "   bgt 2b\n"
      "   ldr r2, [r0, #24]\n"
      "   subs r2, r2, #2\n"
      "   str r2, [r0, #24]\n"
      "   bgt 1b\n"
      "   vpop {d8-d15}\n"
      "   pop {r4-r11, pc}\n" ::
          : "memory");
}

static void (*choose_planes(int32_t vectors, int32_t step))(struct planes *) {
  if (vectors == 1) {
    return step == 4 ? planes_1_4 : planes_1_8;
  }
  if (vectors == 3) {
    return step == 8 ? planes_3_8 : planes_3_16;
  }
  return step == 8 ? planes_4_8 : planes_4_16;
}

/* How the columns of a channel are gathered. */
struct gathering {
  const int8_t *const *in_rows;
  int32_t advance; /* input rows from group to group */
  int32_t groups;
  int32_t whole;            /* groups before the last, which may have fewer rows */
  const int8_t *last[TALL]; /* rows of the last one, the last of them repeated */
  int32_t channels;
  int32_t inside; /* columns inside the image, at least 1 */
  int8_t *to;     /* the first of them */
  int32_t group_bytes;
  uint32_t zero_points; /* four of them */
};

/* One byte of each of 3 or 4 rows, of four pixels, as words. */
static inline __attribute__((always_inline)) uint32x4_t packed_word(const int8_t *const *rows,
                                                                    int32_t count, uint32x4_t at) {
  uint32x4_t made = vldrbq_gather_offset_u32((const uint8_t *)rows[0], at);
  made = vsliq_n_u32(made, vldrbq_gather_offset_u32((const uint8_t *)rows[1], at), 8);
  made = vsliq_n_u32(made, vldrbq_gather_offset_u32((const uint8_t *)rows[2], at), 16);
  if (count > 3) {
    made = vsliq_n_u32(made, vldrbq_gather_offset_u32((const uint8_t *)rows[3], at), 24);
  }
  return made;
}

/* Four columns of 3, 4, 7 or 8 rows. */
static inline __attribute__((always_inline)) void columns_of(const int8_t *const *rows,
                                                             int32_t count, uint32x4_t at,
                                                             uint32_t *to) {
  if (count <= SHORT) {
    vst1q_u32(to, packed_word(rows, count, at));
  } else {
    const uint32x4x2_t both = {
        {packed_word(rows, SHORT, at), packed_word(rows + SHORT, count - SHORT, at)}};
    vst2q_u32(to, both);
  }
}

/* Columns of channel c. The last four of a group may be more than there are: what they bring too
 * much is the last pixel again, and is covered with padding. */
static inline __attribute__((always_inline)) void gather(const struct gathering *from, int32_t c,
                                                         int32_t count) {
  const int32_t words = count <= SHORT ? LANES : 2 * LANES;
  const uint32_t channels = (uint32_t)from->channels;
  const uint32x4_t first = vmlaq_n_u32(vdupq_n_u32((uint32_t)c), vidupq_n_u32(0, 1), channels);
  const uint32x4_t end = vdupq_n_u32((uint32_t)c + (uint32_t)(from->inside - 1) * channels);
  const uint32x4_t padding = vdupq_n_u32(from->zero_points);
  const int8_t *const *rows = from->in_rows;
  for (int32_t g = 0; g < from->groups; g++) {
    uint32_t *to = (uint32_t *)(void *)(from->to + g * from->group_bytes);
    uint32x4_t at = first;
    int32_t left = from->inside;
    if (g == from->whole) {
      rows = from->last;
    }
    for (; left > LANES; left -= LANES) {
      columns_of(rows, count, at, to);
      at = vaddq_n_u32(at, LANES * channels);
      to += words;
    }
    columns_of(rows, count, vminq_u32(at, end), to);
    to += left * words / LANES;
    vst1q_u32(to, padding);
    if (count > SHORT) {
      vst1q_u32(to + LANES, padding);
    }
    rows += from->advance;
  }
}

static __attribute__((noinline)) void gather_3(const struct gathering *from, int32_t c) {
  gather(from, c, SHORT - 1);
}

static __attribute__((noinline)) void gather_4(const struct gathering *from, int32_t c) {
  gather(from, c, SHORT);
}

static __attribute__((noinline)) void gather_7(const struct gathering *from, int32_t c) {
  gather(from, c, TALL - 1);
}

static __attribute__((noinline)) void gather_8(const struct gathering *from, int32_t c) {
  gather(from, c, TALL);
}

static void (*choose_gather(int32_t count))(const struct gathering *, int32_t) {
  if (count <= SHORT) {
    return count < SHORT ? gather_3 : gather_4;
  }
  return count < TALL ? gather_7 : gather_8;
}

void depthwise_conv2d_s8_planes_mve(const struct depthwise_conv2d_s8 *op,
                                    const int8_t *const *in_rows, int8_t *const *out_rows,
                                    int32_t rows, void *scratch) {
  const int32_t height = op->kernel_height, stride = op->stride_height;
  const int32_t column = height <= SHORT ? SHORT : TALL;
  const int32_t some = (op->kernel_width * column + VECTOR - 1) / VECTOR;
  const int32_t vectors = some == 2 ? 3 : some;
  const int32_t step = op->stride_width * column;
  const int32_t shared = 1 + (column - height) / stride;
  const int32_t groups = (rows + shared - 1) / shared;
  const int32_t end = (rows - 1) * stride + height;
  const int32_t fours = (op->out_width + LANES - 1) / LANES * LANES;
  const int32_t group_bytes = (fours - 1) * step + VECTOR * vectors;
  const int32_t reach = (op->out_width - 1) * op->stride_width + op->kernel_width - op->pad_left;
  const int32_t channels = op->out_channels;
  const int pair = height == 3 && op->kernel_width == 3 && stride == 1 && step == SHORT;
  /* Columns are made of all their rows, or of all but one. */
  const int32_t used = height + (shared - 1) * stride < column ? column - 1 : column;
  void (*const gather_columns)(const struct gathering *, int32_t) = choose_gather(used);
  void (*const run)(struct planes *) = pair ? planes_3x3 : choose_planes(vectors, step);
  int8_t *const columns = scratch;
  struct gathering from = {
      .in_rows = in_rows,
      .advance = shared * stride,
      .groups = groups,
      .whole = groups - 1,
      .channels = channels,
      .inside = reach < op->in_width ? reach : op->in_width,
      .to = columns + op->pad_left * column,
      .group_bytes = group_bytes,
      .zero_points = (uint8_t)op->in_zero_point * 0x01010101U,
  };
  for (int32_t i = 0; i < used; i++) {
    const int32_t row = from.whole * from.advance + i;
    from.last[i] = in_rows[row < end ? row : end - 1];
  }
  const uint8_t *const offsets = op->weights;
  struct planes planes = {
      .group_bytes = group_bytes,
      .row_skip = shared * (int32_t)sizeof(*out_rows),
      .width = op->out_width,
      .step = LANES * channels,
      .record = offsets + (pair ? 4 : shared * vectors) * VECTOR,
      .zero_point = op->out_zero_point,
      .low = op->out_min,
      .high = op->out_max,
  };
  vst1q_u32(planes.pixels, vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)channels));
  vst1q_s16(planes.lows, vdupq_n_s16(op->out_min));
  vst1q_s16(planes.highs, vdupq_n_s16(op->out_max));
  memset(columns, op->in_zero_point, (size_t)(groups * group_bytes + LANES * column));
  for (int32_t c = 0; c < channels; c++) {
    gather_columns(&from, c);
    planes.channel = c;
    for (int32_t r = 0; r < (pair ? 1 : shared) && r < rows; r++) {
      planes.columns = columns;
      planes.out_rows = out_rows + r;
      planes.rows = pair ? rows : (rows - r + shared - 1) / shared;
      planes.offsets = offsets + r * vectors * VECTOR;
      run(&planes);
    }
    planes.record += RECORD + height * op->kernel_width;
  }
}
