/* SPDX-License-Identifier: Apache-2.0
 *
 * line_rvv.h. Lanes are channels; sums are v8 to v15, products of 16 bits v4 to v7. Of 3 x 3
 * windows eight taps' weights stay in v16 to v31.
 */
#include "../common/requant_rvv.inc"

#define LINE_ROWS 0
#define LINE_HEIGHT 4
#define LINE_WIDTH 8
#define LINE_BEFORE 12
#define LINE_INSIDE 16
#define LINE_ZERO_VALUE 20
#define LINE_FIRST_CLIPPED 24
#define LINE_LAST_CLIPPED 28
#define LINE_TAP_STEP 32
#define LINE_PIXEL_STEP 36
#define LINE_LANES 40
#define LINE_CHANNELS 44
#define LINE_OUT 48
#define LINE_OUT_STEP 52
#define LINE_OUTPUTS 56
#define LINE_ZERO_POINT 60
#define LINE_LOW 64
#define LINE_HIGH 68
#define LINE_BIAS 72
#define LINE_MULTIPLIERS 76
#define LINE_RIGHTS 80
#define LINE_LEFTS 84
#define LINE_WEIGHTS 88

/* t0 to t6 as requantize_rvv wants them; a1: bytes from tap to tap, a2: from window to window, a3:
 * out, a4: outputs, a5: channels, s0: bias, s5: bytes from output to output. */
    .section .text.line_rvv, "ax", %progbits
    .balign 4
    .global line_rvv
    .type   line_rvv, %function
line_rvv:
    addi    sp, sp, -32
    sw      s0, 0(sp)
    sw      s1, 4(sp)
    sw      s2, 8(sp)
    sw      s3, 12(sp)
    sw      s4, 16(sp)
    sw      s5, 20(sp)
    sw      s6, 24(sp)
    csrwi   vxrm, 0
    lw      t0, LINE_LANES(a0)
    lw      t1, LINE_MULTIPLIERS(a0)
    lw      t2, LINE_RIGHTS(a0)
    lw      t6, LINE_LEFTS(a0)
    lw      t3, LINE_ZERO_POINT(a0)
    lw      t4, LINE_LOW(a0)
    lw      t5, LINE_HIGH(a0)
    lw      a1, LINE_TAP_STEP(a0)
    lw      a2, LINE_PIXEL_STEP(a0)
    lw      a3, LINE_OUT(a0)
    lw      a4, LINE_OUTPUTS(a0)
    lw      a5, LINE_CHANNELS(a0)
    lw      s0, LINE_BIAS(a0)
    lw      s5, LINE_OUT_STEP(a0)
    lw      s1, LINE_HEIGHT(a0)
    lw      s2, LINE_WIDTH(a0)
    lw      s3, LINE_INSIDE(a0)
    li      a6, 3
    bne     s3, s2, .Lclipped
    bne     s1, a6, .Lany_window
    beq     s2, a6, .Lnine_taps

/* a0: line, a6: weights, a7: taps, s1: bytes to this output's window, s2: rows that are left, s3:
 * their pointers, s4: taps that are left. */
.Lany_window:
    li      s1, 0
.Lpixel:
    vsetvli zero, t0, e16, m4, ta, ma
    vle32.v v8, (s0)
    lw      s3, LINE_ROWS(a0)
    lw      s2, LINE_HEIGHT(a0)
    lw      a6, LINE_WEIGHTS(a0)
.Lrow:
    lw      a7, 0(s3)
    lw      s4, LINE_WIDTH(a0)
    addi    s3, s3, 4
    add     a7, a7, s1
    addi    s4, s4, -2
    bltz    s4, .Lodd
.Lpair:
    vsetvli zero, t0, e8, m2, ta, ma
    vle8.v  v0, (a7)
    add     a7, a7, a1
    vle8.v  v2, (a6)
    add     a6, a6, a5
    vwmul.vv v4, v0, v2
    vle8.v  v0, (a7)
    add     a7, a7, a1
    vle8.v  v2, (a6)
    add     a6, a6, a5
    vwmacc.vv v4, v0, v2
    vsetvli zero, t0, e16, m4, ta, ma
    addi    s4, s4, -2
    vwadd.wv v8, v8, v4
    bgez    s4, .Lpair
    addi    s4, s4, 1
    bnez    s4, .Lnext_row
.Lodd: /* s4 is -1 */
    vsetvli zero, t0, e8, m2, ta, ma
    vle8.v  v0, (a7)
    vle8.v  v2, (a6)
    add     a6, a6, a5
    vwmul.vv v4, v0, v2
    vsetvli zero, t0, e16, m4, ta, ma
    vwadd.wv v8, v8, v4
.Lnext_row:
    addi    s2, s2, -1
    bnez    s2, .Lrow
    requantize_rvv v8
    addi    a4, a4, -1
    vse8.v  v8, (a3)
    add     a3, a3, s5
    add     s1, s1, a2
    bnez    a4, .Lpixel
    j       .Lend

/* One output. a0: taps beside the image, a2: taps of a row behind the first one inside, s1: taps
 * inside, s2: rows that are left, s3: their pointers, s4: this tap from there. */
.Lclipped:
    vsetvli zero, t0, e16, m4, ta, ma
    vle32.v v8, (s0)
    vsetvli zero, t0, e8, m2, ta, ma
    mv      s1, s3
    lw      a2, LINE_BEFORE(a0)
    mv      a4, s2
    lw      s2, LINE_HEIGHT(a0)
    lw      s3, LINE_ROWS(a0)
    lw      a6, LINE_WEIGHTS(a0)
    lw      a0, LINE_ZERO_VALUE(a0)
    neg     s5, a2
    sub     a2, a4, a2
.Lclipped_row:
    lw      a7, 0(s3)
    addi    s3, s3, 4
    mv      s4, s5
.Lclipped_tap:
    vle8.v  v2, (a6)
    add     a6, a6, a5
    bgeu    s4, s1, .Lbeside
    vle8.v  v0, (a7)
    add     a7, a7, a1
    vwmul.vv v4, v0, v2
    j       .Ladd
.Lbeside:
    vwmul.vx v4, v2, a0
.Ladd:
    vsetvli zero, t0, e16, m4, ta, ma
    addi    s4, s4, 1
    vwadd.wv v8, v8, v4
    vsetvli zero, t0, e8, m2, ta, ma
    bne     s4, a2, .Lclipped_tap
    addi    s2, s2, -1
    bnez    s2, .Lclipped_row
    requantize_rvv v8
    vse8.v  v8, (a3)
    j       .Lend

.macro add_products
    vsetvli zero, t0, e16, m4, ta, ma
    vwadd.wv v8, v8, v4
    vsetvli zero, t0, e8, m2, ta, ma
.endm

/* A tap at `at`, or one beside the image. */
.macro tap to, at, beside
  .if \beside
    vmv.v.x \to, s6
  .else
    vle8.v  \to, (\at)
  .endif
.endm

/* Sums of the window at s1 to s3, whose first or last column may lie beside the image. */
.macro nine_products first, last
    add     a7, s1, a1
    tap     v0, s1, \first
    tap     v2, a7, 0
    vwmul.vv v4, v0, v16
    add     a7, a7, a1
    vwmacc.vv v4, v2, v18
    vsetvli zero, t0, e16, m4, ta, ma
    vle32.v v8, (s0)
    vwadd.wv v8, v8, v4
    vsetvli zero, t0, e8, m2, ta, ma
    tap     v0, a7, \last
    tap     v2, s2, \first
    vwmul.vv v4, v0, v20
    add     a7, s2, a1
    vwmacc.vv v4, v2, v22
    add_products
    tap     v0, a7, 0
    add     a7, a7, a1
    tap     v2, a7, \last
    vwmul.vv v4, v0, v24
    add     a7, s3, a1
    vwmacc.vv v4, v2, v26
    add_products
    tap     v0, s3, \first
    tap     v2, a7, 0
    vwmul.vv v4, v0, v28
    add     a7, a7, a1
    vwmacc.vv v4, v2, v30
    add_products
    tap     v0, a7, \last
    vle8.v  v2, (a6)
    vwmul.vv v4, v0, v2
    vsetvli zero, t0, e16, m4, ta, ma
    vwadd.wv v8, v8, v4
.endm

/* Writes an output; the next window. Vectors are left as e8, m2. */
.macro finish_nine
    requantize_rvv v8
    add     s1, s1, a2
    add     s2, s2, a2
    vse8.v  v8, (a3)
    add     s3, s3, a2
    add     a3, a3, s5
.endm

/* s1 to s3: the rows, a4: outputs of whole windows, a6: the last tap's weights, s4: whether the
 * last window is clipped, s6: the value beside the image. */
.Lnine_taps:
    vsetvli zero, t0, e8, m2, ta, ma
    lw      a6, LINE_WEIGHTS(a0)
  .irp weights, v16, v18, v20, v22, v24, v26, v28, v30
    vle8.v  \weights, (a6)
    add     a6, a6, a5
  .endr
    lw      a7, LINE_ROWS(a0)
    lw      s1, 0(a7)
    lw      s2, 4(a7)
    lw      s3, 8(a7)
    lw      s6, LINE_ZERO_VALUE(a0)
    lw      s4, LINE_LAST_CLIPPED(a0)
    lw      a7, LINE_FIRST_CLIPPED(a0)
    sub     a4, a4, s4
    beqz    a7, .Lwhole_windows
    nine_products 1, 0
    jal     a0, .Lfinish
    addi    a4, a4, -1
.Lwhole_windows:
    beqz    a4, .Llast_window
.Lnine:
    nine_products 0, 0
    finish_nine
    addi    a4, a4, -1
    bnez    a4, .Lnine
.Llast_window:
    beqz    s4, .Lend
    nine_products 0, 1
    jal     a0, .Lfinish
    j       .Lend
.Lfinish:
    finish_nine
    jr      a0
.Lend:
    lw      s0, 0(sp)
    lw      s1, 4(sp)
    lw      s2, 8(sp)
    lw      s3, 12(sp)
    lw      s4, 16(sp)
    lw      s5, 20(sp)
    lw      s6, 24(sp)
    addi    sp, sp, 32
    ret
    .size   line_rvv, . - line_rvv
