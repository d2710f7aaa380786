/* SPDX-License-Identifier: Apache-2.0
 *
 * pixels_rvv.h. Sums of three channels are v8, v16 and v24, inputs of all pixels v4, of 16 bits.
 */
#include "../common/scale_rvv.inc"

#define RUN_IN_ROWS 0
#define RUN_ROW_STEP 4
#define RUN_HEIGHT 8
#define RUN_SEGMENTS 12
#define RUN_SEGMENT_STEP 16
#define RUN_RUN 20
#define RUN_PIXEL_STEP 24
#define RUN_CHANNELS 28
#define RUN_ZERO_POINT 32
#define RUN_LOW 36
#define RUN_HIGH 40
#define RUN_BIAS 44
#define RUN_MULTIPLIERS 48
#define RUN_RIGHTS 52
#define RUN_LEFTS 56
#define RUN_WEIGHTS 60

/* The next channel's bias for all pixels; e32, m8. */
.macro begin_sums sums, at
    lw      t1, 4 * \at(a7)
    vmv.v.x \sums, t1
.endm

/* Requantises and writes a channel, `at` channels behind s0. */
.macro write_channel sums, at
    lw      t1, RUN_MULTIPLIERS(a0)
    lw      t2, RUN_RIGHTS(a0)
    lw      t6, RUN_LEFTS(a0)
    addi    t5, s0, \at
    slli    t4, t5, 2
    add     t1, t1, t4
    lw      t1, 0(t1)
    srli    t4, t4, 1
    add     t2, t2, t4
    lh      t2, 0(t2)
    li      t3, 0
    beqz    t6, .Lright\@
    add     t6, t6, t5
    lb      t3, 0(t6)
.Lright\@:
    scale_rvv \sums, t1, t3, t2, s5, s6, s7
    add     t5, t5, s2
    vsse8.v \sums, (t5), a2
.endm

/* All taps of so many channels from s0 on. a1: weights, a3: an input of all pixels, a4: bytes from
 * pixel to pixel, a5: the run's end, a6: runs that are left, a7: the run, t4: rows that are left,
 * t5: their pointers. */
.macro channels count
    lw      a7, RUN_BIAS(a0)
    slli    t1, s0, 2
    add     a7, a7, t1
    vsetvli zero, t0, e32, m8, ta, ma
    begin_sums v8, 0
  .if \count > 1
    begin_sums v16, 1
  .endif
  .if \count > 2
    begin_sums v24, 2
  .endif
    vsetvli zero, t0, e16, m4, ta, ma
    lw      a1, RUN_WEIGHTS(a0)
    lw      t4, RUN_HEIGHT(a0)
    lw      t5, RUN_IN_ROWS(a0)
    add     a1, a1, s0
.Lrow\@:
    lw      a7, 0(t5)
    lw      t1, RUN_ROW_STEP(a0)
    lw      a6, RUN_SEGMENTS(a0)
    add     a7, a7, s1
    add     t5, t5, t1
.Lsegment\@:
    lw      a5, RUN_RUN(a0)
    mv      a3, a7
    add     a5, a5, a3
.Linput\@:
    vlse8.v v2, (a3), a4
    lb      t1, 0(a1)
  .if \count > 1
    lb      t2, 1(a1)
  .endif
  .if \count > 2
    lb      t3, 2(a1)
  .endif
    addi    a3, a3, 1
    vsext.vf2 v4, v2
    add     a1, a1, a2
    vwmacc.vx v8, t1, v4
  .if \count > 1
    vwmacc.vx v16, t2, v4
  .endif
  .if \count > 2
    vwmacc.vx v24, t3, v4
  .endif
    bne     a3, a5, .Linput\@
    lw      t1, RUN_SEGMENT_STEP(a0)
    addi    a6, a6, -1
    add     a7, a7, t1
    bnez    a6, .Lsegment\@
    addi    t4, t4, -1
    bnez    t4, .Lrow\@
    write_channel v8, 0
  .if \count > 1
    write_channel v16, 1
  .endif
  .if \count > 2
    write_channel v24, 2
  .endif
.endm

/* a2: channels, s0: the next one, s1: bytes to the first window in its rows, s2: out, s3: pixels
 * that are left, s4: channels that are left, s5 to s7: zero point, least, greatest. */
    .section .text.pixels_rvv, "ax", %progbits
    .balign 4
    .global pixels_rvv
    .type   pixels_rvv, %function
pixels_rvv:
    addi    sp, sp, -32
    sw      s0, 0(sp)
    sw      s1, 4(sp)
    sw      s2, 8(sp)
    sw      s3, 12(sp)
    sw      s4, 16(sp)
    sw      s5, 20(sp)
    sw      s6, 24(sp)
    sw      s7, 28(sp)
    csrwi   vxrm, 0
    mv      s1, a1
    mv      s2, a2
    mv      s3, a3
    lw      a2, RUN_CHANNELS(a0)
    lw      a4, RUN_PIXEL_STEP(a0)
    lw      s5, RUN_ZERO_POINT(a0)
    lw      s6, RUN_LOW(a0)
    lw      s7, RUN_HIGH(a0)
.Lpixels:
    vsetvli t0, s3, e16, m4, ta, ma
    li      s0, 0
    addi    s4, a2, -3
    bltz    s4, .Lfew
.Lthree:
    channels 3
    addi    s4, s4, -3
    addi    s0, s0, 3
    bgez    s4, .Lthree
.Lfew: /* -3: no channel is left, -2: one, -1: two */
    addi    t1, s4, 2
    bltz    t1, .Lnext
    beqz    t1, .Lone
    channels 2
    j       .Lnext
.Lone:
    channels 1
.Lnext:
    sub     s3, s3, t0
    mul     t1, t0, a4
    mul     t2, t0, a2
    add     s1, s1, t1
    add     s2, s2, t2
    bnez    s3, .Lpixels
    lw      s0, 0(sp)
    lw      s1, 4(sp)
    lw      s2, 8(sp)
    lw      s3, 12(sp)
    lw      s4, 16(sp)
    lw      s5, 20(sp)
    lw      s6, 24(sp)
    lw      s7, 28(sp)
    addi    sp, sp, 32
    ret
    .size   pixels_rvv, . - pixels_rvv
