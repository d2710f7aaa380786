/* SPDX-License-Identifier: Apache-2.0
 *
 * MEAN over height and width, for vectors of RISC-V.
 */
#include "../common/scale_rvv.inc"
#include "../common/sum_rows_rvv.inc"

#define MEAN_SHIFT 6
#define MEAN_OFFSET 8
#define MEAN_MULTIPLIER 12
#define MEAN_OUT_ZERO_POINT 16

    .section .text.mean_rows_s8_rvv, "ax", %progbits
    .balign 4
    .global mean_rows_s8_rvv
    .type   mean_rows_s8_rvv, %function
mean_rows_s8_rvv: /* op, in, out, y, rows, scratch */
    addi    sp, sp, -32
    sw      s0, 0(sp)
    sw      s1, 4(sp)
    sw      s2, 8(sp)
    sw      s3, 12(sp)
    csrwi   vxrm, 0
    begin_sums_rvv
    lh      t2, MEAN_SHIFT(a0)
    split_shift_rvv t2, t4, t5
    lw      t6, MEAN_MULTIPLIER(a0)
    lw      s0, MEAN_OFFSET(a0)
    lw      s1, MEAN_OUT_ZERO_POINT(a0)
    li      s2, -128
    li      s3, 127
.Lchannels:
    sum_pixels_rvv s0
    bnez    a4, .Lkeep
    scale_rvv v8, t6, t4, t5, s1, s2, s3
    vse8.v  v8, (a2)
    j       .Lnext
.Lkeep:
    vse32.v v8, (a5)
.Lnext:
    next_sums_rvv
    bnez    a6, .Lchannels
    lw      s0, 0(sp)
    lw      s1, 4(sp)
    lw      s2, 8(sp)
    lw      s3, 12(sp)
    addi    sp, sp, 32
    ret
    .size   mean_rows_s8_rvv, . - mean_rows_s8_rvv
