/* SPDX-License-Identifier: Apache-2.0
 *
 * tile_rvv.h. Lanes are output channels, inputs are scalars. Sums of the pixels are v8, v16 and
 * v24, of 32 bits; weights are widened to 16 bits in v0.
 */
#include "../common/requant_rvv.inc"

#define TILE_IN 0 /* stride, inputs, channels, out, zero_point, low, high */
#define TILE_STRIDE 4
#define TILE_INPUTS 8
#define TILE_CHANNELS 12
#define TILE_OUT 16
#define TILE_ZERO_POINT 20
#define TILE_LOW 24
#define TILE_HIGH 28
#define TILE_BIAS 32
#define TILE_MULTIPLIERS 36
#define TILE_RIGHTS 40
#define TILE_LEFTS 44
#define TILE_WEIGHTS 48

/* Input `at` of each pixel. a1: weights, a2: channels, a3 to a5: inputs. */
.macro step pixels, at
    vle8.v  v2, (a1)
    add     a1, a1, a2
    vsext.vf2 v0, v2
    lb      t1, \at(a3)
  .if \pixels > 1
    lb      t2, \at(a4)
  .endif
  .if \pixels > 2
    lb      t3, \at(a5)
  .endif
    vwmacc.vx v8, t1, v0
  .if \pixels > 1
    vwmacc.vx v16, t2, v0
  .endif
  .if \pixels > 2
    vwmacc.vx v24, t3, v0
  .endif
.endm

.macro advance pixels, count
    addi    a3, a3, \count
  .if \pixels > 1
    addi    a4, a4, \count
  .endif
  .if \pixels > 2
    addi    a5, a5, \count
  .endif
.endm

/* a0: tile, a6: out, a7: channels that are left, s0: how many are done. */
.macro blocks pixels
.Lblock\@:
    vsetvli t0, a7, e16, m4, ta, ma
    lw      t1, TILE_BIAS(a0)
    lw      a1, TILE_WEIGHTS(a0)
    lw      a3, TILE_IN(a0)
    lw      t2, TILE_INPUTS(a0)
    slli    t3, s0, 2
    add     t1, t1, t3
    vle32.v v8, (t1)
    add     a1, a1, s0
  .if \pixels > 1
    lw      t4, TILE_STRIDE(a0)
    vmv8r.v v16, v8
    add     a4, a3, t4
  .endif
  .if \pixels > 2
    vmv8r.v v24, v8
    add     a5, a4, t4
  .endif
    add     t6, a3, t2 /* end */
    andi    t5, t2, 3
    add     t5, t5, a3 /* end of the odd ones */
    beq     a3, t5, .Lwhole\@
.Lodd\@:
    step    \pixels, 0
    advance \pixels, 1
    bne     a3, t5, .Lodd\@
.Lwhole\@:
    beq     a3, t6, .Lsummed\@
.Lfour\@:
    step    \pixels, 0
    step    \pixels, 1
    step    \pixels, 2
    step    \pixels, 3
    advance \pixels, 4
    bne     a3, t6, .Lfour\@
.Lsummed\@:
    lw      t1, TILE_MULTIPLIERS(a0)
    lw      t2, TILE_RIGHTS(a0)
    lw      t6, TILE_LEFTS(a0)
    lw      t3, TILE_ZERO_POINT(a0)
    lw      t4, TILE_LOW(a0)
    lw      t5, TILE_HIGH(a0)
    slli    a1, s0, 2
    add     t1, t1, a1
    slli    a1, s0, 1
    add     t2, t2, a1
    beqz    t6, .Lno_left\@
    add     t6, t6, s0
.Lno_left\@:
  .if \pixels == 1
    requantize_rvv v8
  .elseif \pixels == 2
    requantize_rvv v8, v16
  .else
    requantize_rvv v8, v16, v24
  .endif
    vse8.v  v8, (a6)
  .if \pixels > 1
    add     a1, a6, a2
    vse8.v  v16, (a1)
  .endif
  .if \pixels > 2
    add     a1, a1, a2
    vse8.v  v24, (a1)
  .endif
    add     a6, a6, t0
    add     s0, s0, t0
    sub     a7, a7, t0
    bnez    a7, .Lblock\@
.endm

    .section .text.tile_rvv, "ax", %progbits
    .balign 4
    .global tile_rvv
    .type   tile_rvv, %function
tile_rvv:
    addi    sp, sp, -16
    sw      s0, 0(sp)
    csrwi   vxrm, 0
    li      s0, 0
    lw      a2, TILE_CHANNELS(a0)
    lw      a6, TILE_OUT(a0)
    mv      a7, a2
    addi    a1, a1, -2
    bltz    a1, .Lone
    beqz    a1, .Ltwo
    blocks  3
    j       .Lend
.Ltwo:
    blocks  2
    j       .Lend
.Lone:
    blocks  1
.Lend:
    lw      s0, 0(sp)
    addi    sp, sp, 16
    ret
    .size   tile_rvv, . - tile_rvv
