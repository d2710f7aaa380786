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
 * written: output rows may lie over input rows of the same call. At most four columns of padding
 * on either side.
 *
 * Per four outputs: 4 to 10 loads, 4 to 16 VMLADAV, 18 for the rest; of 3 x 3 with strides of 1 per
 * eight outputs of two rows: 2 loads, 8 VMLADAV, 31 for the rest.
 */
#include <arm_mve.h>
#include <stddef.h>

#include "../common/asm_function.h"
#include "../common/clamp_rows_mve.h"
#include "depthwise_conv2d.h"

enum { LANES = 4, EIGHT = 8, VECTOR = 16, SHORT = 4, TALL = 8, RECORD = 10 };

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
 * or both that of the last row, which is written last. `rows` counts rows, not pairs. Outputs are
 * clamped to int8 only. */
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
      "   vrshl.s32 q3, r7\n"
      "   vqmovnb.s32 q2, q2\n"
      "   vldrw.32 q0, [r0, #52]\n" /* pixels */
      "   vqmovnt.s32 q2, q3\n"
      "   vctp.32 lr\n"
      "   vqadd.s16 q2, q2, r10\n"
      "   vqmovnb.s16 q2, q2\n"
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

/* How the columns of a channel are gathered: eight at a time, the last eight from further back.
 * Where there are fewer than eight, what they bring too much is the last pixel again, and lies
 * behind four columns of padding, where nothing reads but the next group, which begins with padding
 * of its own. The assembler relies on order and size of the members. */
struct gathering {
  const int8_t *const *in_rows;
  int8_t *to;               /* the first column inside the image */
  int32_t step;             /* bytes of eight pixels */
  int32_t groups;           /* of rows that share columns */
  int32_t advance;          /* bytes from a group's pointers to the next one's */
  int32_t group_bytes;      /* of columns */
  int32_t blocks;           /* whole eights, at least 1 */
  int32_t back;             /* bytes of pixels from their end to the last eight's; 0: none */
  int32_t back_columns;     /* the same, of columns */
  int32_t left;             /* bytes of columns left of the image */
  int32_t end;              /* bytes of columns inside */
  const int8_t *last[TALL]; /* rows of the last group, the last of them repeated */
  uint16_t at[EIGHT];       /* bytes to each of eight pixels */
  uint32_t padding[LANES];  /* zero points */
};

/* A byte of each of two rows, or of one, of eight pixels, as half words. */
static inline __attribute__((always_inline)) uint16x8_t packed_half(const int8_t *const *rows,
                                                                    int32_t count, int32_t base,
                                                                    uint16x8_t at) {
  const uint16x8_t first = vldrbq_gather_offset_u16((const uint8_t *)rows[0] + base, at);
  if (count < 2) {
    return first;
  }
  return vsliq_n_u16(first, vldrbq_gather_offset_u16((const uint8_t *)rows[1] + base, at), 8);
}

/* Columns of channel c, of four rows each: 13 instructions for eight. */
ASM_FUNCTION static void gather_short(__attribute__((unused)) const struct gathering *from,
                                      __attribute__((unused)) int32_t c) {
  __asm__ volatile(
      "   push {r4-r11, lr}\n"
      "   vpush {d8-d9}\n"
      "   ldm r0, {r2, r3, r8, r9}\n" /* in_rows to step groups */
      "   vldrh.16 q3, [r0, #76]\n"   /* at */
      "   vldrw.32 q4, [r0, #92]\n"   /* padding */
      "1: cmp r9, #1\n"
      "   it eq\n"
      "   addeq r2, r0, #44\n" /* last */
      "   ldm r2, {r4, r5, r6, r7}\n"
      "   ldrd r11, r12, [r0, #36]\n" /* left end */
      "   add r4, r4, r1\n"
      "   add r5, r5, r1\n"
      "   add r6, r6, r1\n"
      "   add r7, r7, r1\n"
      "   sub r11, r3, r11\n"
      "   vstrw.32 q4, [r11]\n"
      "   mov r10, r3\n"
      "   ldrd r11, lr, [r0, #20]\n" /* group_bytes blocks */
      "2: vldrb.u16 q0, [r4, q3]\n"
      "   vldrb.u16 q2, [r5, q3]\n"
      "   add r4, r4, r8\n"
      "   vsli.16 q0, q2, #8\n"
      "   vldrb.u16 q1, [r6, q3]\n"
      "   vldrb.u16 q2, [r7, q3]\n"
      "   add r5, r5, r8\n"
      "   vsli.16 q1, q2, #8\n"
      "   add r6, r6, r8\n"
      "   vst20.16 {q0, q1}, [r10]\n"
      "   add r7, r7, r8\n"
      "   vst21.16 {q0, q1}, [r10]!\n"
      "   le lr, 2b\n"
      "   add r12, r3, r12\n"
      "   add r3, r3, r11\n"
      "   ldrd r11, lr, [r0, #28]\n" /* back back_columns */
      "   cmp r11, #0\n"
      "   beq 3f\n"
      "   sub r4, r4, r11\n"
      "   sub r5, r5, r11\n"
      "   sub r6, r6, r11\n"
      "   sub r7, r7, r11\n"
      "   vldrb.u16 q0, [r4, q3]\n"
      "   vldrb.u16 q2, [r5, q3]\n"
      "   sub r10, r10, lr\n"
      "   vsli.16 q0, q2, #8\n"
      "   vldrb.u16 q1, [r6, q3]\n"
      "   vldrb.u16 q2, [r7, q3]\n"
      "   vsli.16 q1, q2, #8\n"
      "   vst20.16 {q0, q1}, [r10]\n"
      "   vst21.16 {q0, q1}, [r10]\n"
      "3: vstrw.32 q4, [r12]\n"
      "   ldr r11, [r0, #16]\n" /* advance */
      "   add r2, r2, r11\n"
      "   subs r9, r9, #1\n"
      "   bne 1b\n"
      "   vpop {d8-d9}\n"
      "   pop {r4-r11, pc}\n" ::
          : "memory");
}

/* Columns of channel c, of 7 or 8 rows each. */
static inline __attribute__((always_inline)) void gather(const struct gathering *from, int32_t c,
                                                         int32_t count) {
  const uint16x8_t at = vld1q_u16(from->at);
  const uint32x4_t padding = vld1q_u32(from->padding);
  const int8_t *const *rows = from->in_rows;
  int8_t *group = from->to;
  for (int32_t left = from->groups; left > 0; left--) {
    if (left == 1) {
      rows = from->last;
    }
    uint32_t *to = (uint32_t *)(void *)(group - from->left);
    vst1q_u32(to, padding);
    vst1q_u32(to + LANES, padding);
    int8_t *columns = group;
    int32_t base = c;
    for (int32_t i = from->blocks + (from->back > 0); i > 0; i--) {
      if (i == 1 && from->back > 0) {
        base -= from->back;
        columns -= from->back_columns;
      }
      const uint16x8x4_t all = {{packed_half(rows, 2, base, at), packed_half(rows + 2, 2, base, at),
                                 packed_half(rows + 4, 2, base, at),
                                 packed_half(rows + 6, count - 6, base, at)}};
      uint16_t *eight = (uint16_t *)(void *)columns;
      __asm__("" : "+r"(eight)); /* gcc 12 may let VST43 add a register to it, which it cannot */
      vst4q_u16(eight, all);
      base += from->step;
      columns += EIGHT * TALL;
    }
    to = (uint32_t *)(void *)(group + from->end);
    vst1q_u32(to, padding);
    vst1q_u32(to + LANES, padding);
    rows =
        (const int8_t *const *)(const void *)((const int8_t *)(const void *)rows + from->advance);
    group += from->group_bytes;
  }
}

static __attribute__((noinline)) void gather_7(const struct gathering *from, int32_t c) {
  gather(from, c, TALL - 1);
}

static __attribute__((noinline)) void gather_8(const struct gathering *from, int32_t c) {
  gather(from, c, TALL);
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
  /* Tall columns are made of all their rows, or of all but one. */
  const int32_t used = height + (shared - 1) * stride < column ? column - 1 : column;
  void (*const gather_columns)(const struct gathering *, int32_t) = column == SHORT ? gather_short
                                                                    : used < TALL   ? gather_7
                                                                                    : gather_8;
  void (*const run)(struct planes *) = pair ? planes_3x3 : choose_planes(vectors, step);
  int8_t *const columns = scratch;
  const int32_t inside = reach < op->in_width ? reach : op->in_width;
  const int32_t rest = inside % EIGHT, whole = groups - 1;
  struct gathering from = {
      .in_rows = in_rows,
      .to = columns + op->pad_left * column,
      .step = EIGHT * channels,
      .groups = groups,
      .advance = shared * stride * (int32_t)sizeof(*in_rows),
      .group_bytes = group_bytes,
      .blocks = inside < EIGHT ? 1 : inside / EIGHT,
      .left = op->pad_left * column,
      .end = inside * column,
  };
  if (inside > EIGHT && rest > 0) {
    from.back = (EIGHT - rest) * channels;
    from.back_columns = (EIGHT - rest) * column;
  }
  vst1q_u32(from.padding, vdupq_n_u32((uint8_t)op->in_zero_point * 0x01010101U));
  const uint16x8_t pixels = vminq_u16(vidupq_n_u16(0, 1), vdupq_n_u16((uint16_t)(inside - 1)));
  vst1q_u16(from.at, vmulq_n_u16(pixels, (uint16_t)channels));
  for (int32_t i = 0; i < column; i++) {
    const int32_t row = whole * shared * stride + i;
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
  if (pair) {
    clamp_rows_mve(out_rows, rows, op->out_width * channels, op->out_min, op->out_max);
  }
}
