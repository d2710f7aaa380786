/* SPDX-License-Identifier: Apache-2.0
 *
 * AVERAGE_POOL_2D of the whole image, for vectors of RISC-V.
 */
#include "../common/divide_rvv.inc"
#include "../common/sum_rows_rvv.inc"

#define POOL_OUT_MIN 6
#define POOL_OUT_MAX 8

    .section .text.average_pool_rows_s8_rvv, "ax", %progbits
    .balign 4
    .global average_pool_rows_s8_rvv
    .type   average_pool_rows_s8_rvv, %function
average_pool_rows_s8_rvv: /* op, in, out, y, rows, scratch */
    addi    sp, sp, -16
    sw      s0, 0(sp)
    sw      s1, 4(sp)
    begin_sums_rvv
    mul     t4, t2, t3 /* values of a sum */
    srli    t5, t4, 1
    slli    t6, t5, 1
    neg     t6, t6
    lh      s0, POOL_OUT_MIN(a0)
    lh      s1, POOL_OUT_MAX(a0)
.Lchannels:
    sum_pixels_rvv zero
    bnez    a4, .Lkeep
    divide_rvv v8, t4, t5, t6, s0, s1
    vse8.v  v8, (a2)
    j       .Lnext
.Lkeep:
    vse32.v v8, (a5)
.Lnext:
    next_sums_rvv
    bnez    a6, .Lchannels
    lw      s0, 0(sp)
    lw      s1, 4(sp)
    addi    sp, sp, 16
    ret
    .size   average_pool_rows_s8_rvv, . - average_pool_rows_s8_rvv
