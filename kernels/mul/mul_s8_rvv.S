/* SPDX-License-Identifier: Apache-2.0
 *
 * MUL of two tensors of the same shape, for vectors of RISC-V.
 */
#include "mul_run_rvv.inc"

    .section .text.mul_s8_rvv, "ax", %progbits
    .balign 4
    .global mul_s8_rvv
    .type   mul_s8_rvv, %function
mul_s8_rvv: /* op, first, second, out, pixels */
    begin_mul_rvv
    mul     s1, a4, a6
    mul_run_rvv a2
    end_mul_rvv
    .size   mul_s8_rvv, . - mul_s8_rvv
