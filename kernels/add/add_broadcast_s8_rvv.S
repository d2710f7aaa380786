/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of a tensor and a pixel that repeats as one linear form, for vectors of RISC-V.
 */
#include "add_linear_rvv.inc"

    .section .text.add_broadcast_s8_rvv, "ax", %progbits
    .balign 4
    .global add_broadcast_s8_rvv
    .type   add_broadcast_s8_rvv, %function
add_broadcast_s8_rvv: /* op, first, second, out, pixels */
    begin_add_rvv
.Lpixel:
    mv      t5, t4
    mv      a5, a2
    add_run_rvv a5
    addi    a4, a4, -1
    bnez    a4, .Lpixel
    ret
    .size   add_broadcast_s8_rvv, . - add_broadcast_s8_rvv
