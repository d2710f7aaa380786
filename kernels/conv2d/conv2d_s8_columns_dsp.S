/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with windows of 3 columns for the Armv7E-M DSP extension, whose neighbours share
 * columns; and of 1 column:
 *
 *   void conv2d_s8_columns_dsp(const struct conv2d_s8 *op, const int8_t *const *in_rows,
 *                              int8_t *const *out_rows, int32_t rows, void *scratch)
 *
 * kernel_width = 3, stride_width = 1 or 2, dilation_width = 1; or kernel_width = 1 and no padding
 * beside rows. in_channels = 1, 2, 3 or a multiple of 4; any height, vertical stride and dilation,
 * other padding, and clamp; out_width, out_channels >= 2; op->weights 4-byte aligned. Doubled sums
 * stay below 2^23 (conv2d_tile_dsp.inc, TILE_WIDE = 0). Outputs may not overlap inputs. Stack: 180
 * bytes.
 *
 * scratch: 4-byte aligned, I * (Z + 2 * C * kernel_height) bytes, I being in_channels rounded up to
 * a multiple of 4: a pixel of zero points, then the C columns that a tile's P windows see, widened
 * and doubled once for all of its windows and channels. P is 3, or 2 where out_width is 2 or 4; Z =
 * 1 and C = 3 + (P - 1) * stride_width, or Z = 0 and C = P where kernel_width is 1.
 *
 * Scratch holds for each row, each 4 input channels c, first (c, c + 2) and then (c + 1, c + 3): a
 * word for each column; even columns come before odd ones where the stride is 2. The weight stream
 * is that of conv2d_tile_dsp.inc, but that its words go by kernel row, 4 inputs and half in this
 * order, and then by column: 0, 1, 2 or, stride 2, 0, 2, 1. So two inputs of 3 pixels x 2 channels
 * (36 MACs) are 3 words of weights, 5 of inputs (stride 2: 7), 3 SXTB16 and 18 SMLAD.
 *
 * Registers: r0 weights, r4 inputs, r1 r2 r3 r5 columns, r6 r7 (r8) weight words, and the
 * accumulators of conv2d_tile_dsp.inc; lr: r4 behind the window, for P = 2.
 */
#define TILE_WIDE 0
#include "conv2d_layout.h"
#include "conv2d_tile_dsp.inc"

#define FRAME_IN_ROWS TILE_FRAME        /* of this output row */
#define FRAME_IN_ROWS_END (TILE_FRAME + 4)
#define FRAME_OUT_ROWS (TILE_FRAME + 8)
#define FRAME_ROWS (TILE_FRAME + 12)    /* left */
#define FRAME_ROW_STEP (TILE_FRAME + 16) /* bytes of in_rows from tap to tap */
#define FRAME_STRIDE (TILE_FRAME + 20)
#define FRAME_COLUMN (TILE_FRAME + 24)  /* image column of the tile's first tap */
#define FRAME_COLUMNS (TILE_FRAME + 28) /* bytes of a tile's columns: 4 C */
#define FRAME_ROW_BYTES (TILE_FRAME + 32) /* of a tile's row in scratch */
#define FRAME_INSIDE (TILE_FRAME + 36)  /* columns where a tile of 3 begins within the image */
#define FRAME_WIDTH (TILE_FRAME + 40)   /* in_width */
#define FRAME_IN_CHANNELS (TILE_FRAME + 44)
#define FRAME_ZEROS (TILE_FRAME + 48)   /* a pixel of padding */
#define FRAME_ROW (TILE_FRAME + 52)     /* gather: next of in_rows */
#define FRAME_ROW_END (TILE_FRAME + 56) /* gather: end of a row in scratch */
#define FRAME_OFFSET (TILE_FRAME + 60)  /* gather: bytes from a row's start to the tile */
#define FRAME_RETURN (TILE_FRAME + 64)
#define FRAME_KERNEL_WIDTH (TILE_FRAME + 68)
#define FRAME_BYTES (TILE_FRAME + 72)
#define CALL_OP FRAME_BYTES             /* as it was saved */

#define QUAD_BYTES 192 /* of code: four inputs of 3 pixels */

    .syntax unified
    .thumb

/* A tap of P pixels and 2 channels. */
.macro columns_tap pixels, word, x0, x1, x2
    smlad   r11, \x0, \word, r11
    smlad   r12, \x1, \word, r12
  .if \pixels == 3
    smlad   lr, \x2, \word, lr
    sxtb16  \word, \word
    smlad   r8, \x0, \word, r8
    smlad   r9, \x1, \word, r9
    smlad   r10, \x2, \word, r10
  .else
    sxtb16  \word, \word
    smlad   r9, \x0, \word, r9
    smlad   r10, \x1, \word, r10
  .endif
.endm

/* Two inputs of P windows and 2 channels. `end`: r7 = r4 behind the window, for P = 3. */
.macro columns_half pixels, stride, end=0
  .if \pixels == 3
    ldm     r0!, {r6, r7}
    ldm     r4!, {r1, r2, r3, r5}
    columns_tap 3, r6, r1, r2, r3
    columns_tap 3, r7, r2, r3, r5
   .if \stride == 1
    ldr     r1, [r4], #4
    ldr     r6, [r0], #4
   .else
    ldr     r6, [r0], #4
   .endif
   .if \end
    ldr     r7, [sp, #TILE_INPUTS_END]
   .endif
   .if \stride == 1
    columns_tap 3, r6, r3, r5, r1
   .else
    ldm.w   r4!, {r1, r2, r3}
    columns_tap 3, r6, r1, r2, r3
   .endif
  .else
    ldm     r0!, {r6, r7, r8}
    ldm     r4!, {r1, r2, r3, r5}
    columns_tap 2, r6, r1, r2
    columns_tap 2, r7, r2, r3
   .if \stride == 1
    columns_tap 2, r8, r3, r5
   .else
    ldr     r1, [r4], #4
    columns_tap 2, r8, r5, r1
   .endif
  .endif
.endm

/* Four inputs of P windows of 1 column and 2 channels. */
.macro column_quad pixels
    ldm     r0!, {r6, r7}
  .if \pixels == 3
    ldm     r4!, {r1, r2, r3}
    columns_tap 3, r6, r1, r2, r3
    ldm     r4!, {r1, r2, r3}
    columns_tap 3, r7, r1, r2, r3
  .else
    ldm     r4!, {r1, r2, r3, r5}
    columns_tap 2, r6, r1, r2
    columns_tap 2, r7, r3, r5
  .endif
.endm

/* All inputs of P windows and 2 channels, from \first on, or from QUAD_BYTES behind it. */
.macro columns_loop pixels, stride, first
\first:
  .if \pixels == 3
    columns_half 3, \stride
    columns_half 3, \stride
   .if . - \first != QUAD_BYTES
    .error "four inputs do not have the size that TILE_ENTRY assumes"
   .endif
    columns_half 3, \stride
    columns_half 3, \stride, 1
    cmp     r4, r7
  .else
    columns_half 2, \stride
    columns_half 2, \stride
    cmp     r4, lr
  .endif
    bne     \first
.endm

/* A phase: r0 >= 1 tiles of P pixels. Clobbers everything. */
.macro columns_phase pixels
    str     r0, [sp, #TILE_COUNT]
    ldrd    r5, r6, [sp, #FRAME_WIDTH] /* and FRAME_IN_CHANNELS */
    ldr     r7, [sp, #FRAME_STRIDE]
    ldr     r9, [sp, #FRAME_KERNEL_WIDTH]
    ldr     r2, [sp, #TILE_QUADS]
    ldr     r8, [sp, #TILE_INPUTS]
    /* in r3 a tile's columns, in r4 the code, in r5 the columns where it begins within the image:
     * a row's last pixels may not be read as whole words */
    mov     r3, #\pixels
    adr     r4, .Lalone\@
    cmp     r9, #1
    beq     .Lcolumns\@
  .if \pixels == 3
    lsl     r3, r7, #1
    add     r3, r3, #3
  .else
    add     r3, r7, #3
  .endif
    cmp     r7, #1
    ite     eq
    adreq   r4, .Lone\@
    adrne   r4, .Ltwo\@
  .if \pixels == 3
    tst     r2, #1
    it      ne
    addne   r4, r4, #QUAD_BYTES
    cmp     r7, #1
    bne     .Lcolumns\@
    subs    r5, r5, #4
    cmp     r6, #4
    itt     lt
    addlt   r5, r5, r6
    sublt   r5, r5, #4
    bic     r5, r5, r5, asr #31
    b       .Linside\@
  .endif
.Lcolumns\@:
    mov     r5, #0
.Linside\@:
    orr     r4, r4, #1
    str     r4, [sp, #TILE_ENTRY]
    lsl     r3, r3, #2
    str     r3, [sp, #FRAME_COLUMNS]
    add     r6, r6, #3
    lsr     r6, r6, #2
    lsl     r3, r3, #1
    mul     r6, r6, r3
    strd    r6, r5, [sp, #FRAME_ROW_BYTES] /* and FRAME_INSIDE */
    mla     r3, r3, r2, r8
    str     r3, [sp, #TILE_INPUTS_END]
.Ltile\@:
    bl      .Lgather
    ldrd    r1, r2, [sp, #FRAME_STRIDE] /* and FRAME_COLUMN */
  .if \pixels == 3
    add     r1, r1, r1, lsl #1
    add     r2, r2, r1
  .else
    add     r2, r2, r1, lsl #1
  .endif
    str     r2, [sp, #FRAME_COLUMN]
    tile_begin
.Lpair\@:
  .if \pixels == 3
    ldrd    r10, lr, [r0], #8
    mov     r8, r10
    mov     r11, lr
    mov     r9, r10
    mov     r12, lr
  .else
    ldrd    r10, r12, [r0], #8
    ldr     lr, [sp, #TILE_INPUTS_END]
    mov     r9, r10
    mov     r11, r12
  .endif
    ldr     pc, [sp, #TILE_ENTRY]
    .balign 4
    columns_loop \pixels, 2, .Ltwo\@
    b       .Lfinish\@
    .balign 4
.Lalone\@:
  .if \pixels == 3
    ldr     r5, [sp, #TILE_INPUTS_END]
  .endif
.Lquad\@:
    column_quad \pixels
  .if \pixels == 3
    cmp     r4, r5
  .else
    cmp     r4, lr
  .endif
    bne     .Lquad\@
    b       .Lfinish\@
    .balign 4
    columns_loop \pixels, 1, .Lone\@
.Lfinish\@:
    tile_end \pixels, .Lpair\@
    str     r1, [sp, #TILE_OUT]
    ldr     r0, [sp, #TILE_COUNT]
    subs    r0, r0, #1
    str     r0, [sp, #TILE_COUNT]
    bne     .Ltile\@
.endm

    .section .text.conv2d_s8_columns_dsp, "ax", %progbits
    .balign 4
    .global conv2d_s8_columns_dsp
    .type   conv2d_s8_columns_dsp, %function
    .thumb_func
conv2d_s8_columns_dsp:
    push    {r0-r11, lr}
    ldr     r4, [sp, #52] /* scratch */
    sub     sp, sp, #FRAME_BYTES
    strd    r2, r3, [sp, #FRAME_OUT_ROWS]
    ldrsh   r2, [r0, #CONV2D_OUT_ZERO_POINT]
    ldrsh   r3, [r0, #CONV2D_OUT_CHANNELS]
    lsl     r2, r2, #1
    add     r2, r2, #1
    strd    r2, r3, [sp, #TILE_ZERO_POINT] /* and TILE_CHANNELS */
    str     r3, [sp, #TILE_STRIDE]
    ldrsh   r2, [r0, #CONV2D_IN_WIDTH]
    ldrsh   r3, [r0, #CONV2D_IN_CHANNELS]
    strd    r2, r3, [sp, #FRAME_WIDTH]
    str     r4, [sp, #FRAME_ZEROS]
    ldrsh   r2, [r0, #CONV2D_KERNEL_WIDTH]
    add     r3, r3, #3
    bic     r3, r3, #3
    str     r2, [sp, #FRAME_KERNEL_WIDTH]
    mov     r5, r4
    cmp     r2, #1
    beq     .Lno_zeros
    add     r5, r4, r3
    ldrb    r6, [r0, #CONV2D_IN_ZERO_POINT]
    orr     r6, r6, r6, lsl #8
    orr     r6, r6, r6, lsl #16
.Lzeros:
    str     r6, [r4], #4
    cmp     r4, r5
    bne     .Lzeros
.Lno_zeros:
    str     r5, [sp, #TILE_INPUTS]
    ldr     r2, [r0, #CONV2D_WEIGHTS]
    ldrsh   r5, [r0, #CONV2D_KERNEL_HEIGHT]
    mul     r3, r3, r5
    lsr     r3, r3, #2
    strd    r2, r3, [sp, #TILE_WEIGHTS] /* and TILE_QUADS */
    ldrsh   r2, [r0, #CONV2D_DILATION_HEIGHT]
    ldrsh   r3, [r0, #CONV2D_STRIDE_WIDTH]
    lsl     r2, r2, #2
    strd    r2, r3, [sp, #FRAME_ROW_STEP] /* and FRAME_STRIDE */
    mla     r2, r2, r5, r1
    strd    r1, r2, [sp, #FRAME_IN_ROWS]

.Loutput_row:
    ldr     r1, [sp, #FRAME_OUT_ROWS]
    ldr     r4, [sp, #CALL_OP]
    ldr     r2, [r1], #4
    str     r1, [sp, #FRAME_OUT_ROWS]
    str     r2, [sp, #TILE_OUT]
    ldrsh   r2, [r4, #CONV2D_PAD_LEFT]
    ldrsh   r0, [r4, #CONV2D_OUT_WIDTH]
    rsb     r2, r2, #0
    str     r2, [sp, #FRAME_COLUMN]
    tile_split_pixels
    str     r3, [sp, #TILE_PIXELS]
    movs    r0, r2
    beq     .Ltwos
    columns_phase 3
.Ltwos:
    ldr     r0, [sp, #TILE_PIXELS]
    cmp     r0, #0
    beq     .Lrow_done
    columns_phase 2
.Lrow_done:
    ldr     r3, [sp, #FRAME_ROWS]
    ldr     r0, [sp, #CALL_OP]
    ldrd    r1, r2, [sp, #FRAME_IN_ROWS]
    ldrsh   r0, [r0, #CONV2D_STRIDE_HEIGHT]
    subs    r3, r3, #1
    str     r3, [sp, #FRAME_ROWS]
    add     r1, r1, r0, lsl #2
    add     r2, r2, r0, lsl #2
    strd    r1, r2, [sp, #FRAME_IN_ROWS]
    bne     .Loutput_row
    add     sp, sp, #FRAME_BYTES
    pop     {r0-r3}
    clamp_rows CONV2D_OUT_MIN, CONV2D_OUT_WIDTH, CONV2D_OUT_CHANNELS
    pop     {r4-r11, pc}

/* Widens the columns of a tile. */
.Lgather:
    ldr     r7, [sp, #FRAME_COLUMN]
    ldr     r8, [sp, #FRAME_INSIDE]
    ldr     r12, [sp, #FRAME_IN_CHANNELS]
    ldrd    r4, r5, [sp, #FRAME_IN_ROWS]
    ldr     r2, [sp, #TILE_INPUTS]
    str     lr, [sp, #FRAME_RETURN]
    cmp     r7, r8
    blo     .Linside
    ldr     r11, [sp, #FRAME_COLUMNS]
.Lgather_row: /* column by column, in the order of scratch */
    ldr     r6, [r4]
    ldrd    r8, r9, [sp, #FRAME_ROW_STEP] /* and FRAME_STRIDE */
    ldr     r7, [sp, #FRAME_COLUMN]
    add     lr, r2, r11
    add     r4, r4, r8
.Lgather_column:
    ldr     r8, [sp, #FRAME_WIDTH]
    ldr     r0, [sp, #FRAME_ZEROS]
    mov     r3, r2
    cmp     r7, r8
    it      lo
    mlalo   r0, r7, r12, r6
    add     r1, r0, r12
    cmp     r12, #4
    blt     .Lgather_bytes
.Lgather_word:
    ldr     r8, [r0], #4
.Lgather_widen:
    sxtb16  r9, r8
    sxtb16  r10, r8, ror #8
    sxtab16 r9, r9, r8
    sxtab16 r10, r10, r8, ror #8
    str     r9, [r3]
    str     r10, [r3, r11]
    add     r3, r3, r11, lsl #1
    cmp     r0, r1
    bne     .Lgather_word
    ldr     r8, [sp, #FRAME_STRIDE]
    add     r2, r2, #4
    add     r7, r7, r8
    cmp     r2, lr
    beq     .Lgathered
    ldr     r9, [sp, #FRAME_COLUMN]
    ldr     r8, [sp, #FRAME_KERNEL_WIDTH]
    cmp     r8, #1
    beq     .Lgather_column
    add     r9, r9, r11, lsr #2 /* behind the last even column come the odd ones */
    cmp     r7, r9
    it      ge
    subge   r7, r7, r11, lsr #2
    b       .Lgather_column
.Lgather_bytes:
    ldrb    r8, [r0]
    cmp     r12, #2
    itt     ge
    ldrbge  r9, [r0, #1]
    orrge   r8, r8, r9, lsl #8
    itt     gt
    ldrbgt  r9, [r0, #2]
    orrgt   r8, r8, r9, lsl #16
    mov     r0, r1
    b       .Lgather_widen
.Lgathered:
    sub     r2, r3, r11
    add     r2, r2, #4
    cmp     r4, r5
    bne     .Lgather_row
    ldr     pc, [sp, #FRAME_RETURN]

/* Five columns at a time, all of them in the image: from column r7 on. */
.Linside:
    mul     r7, r7, r12
    str     r7, [sp, #FRAME_OFFSET]
    mov     r1, r12
    add     r12, r12, r12, lsl #1
.Linside_row:
    ldr     r0, [r4]
    ldr     r5, [sp, #FRAME_ROW_STEP]
    ldr     r6, [sp, #FRAME_OFFSET]
    ldr     r3, [sp, #FRAME_ROW_BYTES]
    add     r4, r4, r5
    add     r0, r0, r6
    add     r3, r3, r2
    strd    r4, r3, [sp, #FRAME_ROW] /* and FRAME_ROW_END */
.Linside_word:
    ldr     r6, [r0, r1]
    ldr     r7, [r0, r1, lsl #1]
    ldr     r8, [r0, r12]
    ldr     r9, [r0, r1, lsl #2]
    ldr     r5, [r0], #4
    sxtb16  r3, r5
    sxtb16  r4, r6
    sxtb16  r10, r7
    sxtb16  r11, r8
    sxtb16  lr, r9
    sxtab16 r3, r3, r5
    sxtab16 r4, r4, r6
    sxtab16 r10, r10, r7
    sxtab16 r11, r11, r8
    sxtab16 lr, lr, r9
    stm     r2!, {r3, r4, r10, r11, lr}
    ldr     r3, [sp, #FRAME_ROW_END]
    sxtb16  r5, r5, ror #8
    sxtb16  r6, r6, ror #8
    sxtb16  r7, r7, ror #8
    sxtb16  r8, r8, ror #8
    sxtb16  r9, r9, ror #8
    sadd16  r5, r5, r5
    sadd16  r6, r6, r6
    sadd16  r7, r7, r7
    sadd16  r8, r8, r8
    sadd16  r9, r9, r9
    stm     r2!, {r5, r6, r7, r8, r9}
    cmp     r2, r3
    bne     .Linside_word
    ldr     r4, [sp, #FRAME_ROW]
    ldr     r5, [sp, #FRAME_IN_ROWS_END]
    cmp     r4, r5
    bne     .Linside_row
    ldr     pc, [sp, #FRAME_RETURN]
    .size   conv2d_s8_columns_dsp, . - conv2d_s8_columns_dsp
