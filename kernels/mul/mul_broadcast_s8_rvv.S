/* SPDX-License-Identifier: Apache-2.0
 *
 * MUL of a tensor and a pixel that repeats, for vectors of RISC-V.
 */
#include "mul_run_rvv.inc"

    .section .text.mul_broadcast_s8_rvv, "ax", %progbits
    .balign 4
    .global mul_broadcast_s8_rvv
    .type   mul_broadcast_s8_rvv, %function
mul_broadcast_s8_rvv: /* op, first, second, out, pixels */
    begin_mul_rvv
.Lpixel:
    mv      s1, a6
    mv      a5, a2
    mul_run_rvv a5
    addi    a4, a4, -1
    bnez    a4, .Lpixel
    end_mul_rvv
    .size   mul_broadcast_s8_rvv, . - mul_broadcast_s8_rvv
