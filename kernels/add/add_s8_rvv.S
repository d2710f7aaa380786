/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of two tensors of the same shape as one linear form, for vectors of RISC-V.
 */
#include "add_linear_rvv.inc"

    .section .text.add_s8_rvv, "ax", %progbits
    .balign 4
    .global add_s8_rvv
    .type   add_s8_rvv, %function
add_s8_rvv: /* op, first, second, out, pixels */
    begin_add_rvv
    mul     t5, a4, t4
    add_run_rvv a2
    ret
    .size   add_s8_rvv, . - add_s8_rvv
