/* SPDX-License-Identifier: Apache-2.0
 *
 * MUL of two tensors of the same shape:
 *
 *   void mul_s8_dsp(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
 *                   int8_t *out, int32_t pixels, void *scratch)
 *
 * See mul_value_dsp.inc for the arithmetic and its limits. `out` may be either operand.
 * 11.5 instructions per value. Stack: 28 bytes.
 */
#include "mul_value_dsp.inc"

    .syntax unified
    .thumb

    .section .text.mul_s8_dsp, "ax", %progbits
    .balign 4
    .global mul_s8_dsp
    .type   mul_s8_dsp, %function
    .thumb_func
mul_s8_dsp:
    ldr     r12, [sp]
    push    {r4-r10}
    ldr     r4, [r0, #MUL_PERIOD]
    mul     r12, r12, r4
    load_mul_constants
    subs    r12, r12, #4
    blt     .Lrest
.Lfour:
    mul_value
    mul_value
    mul_value
    mul_value
    subs    r12, r12, #4
    bge     .Lfour
.Lrest:
    adds    r12, r12, #4
    beq     .Ldone
.Lone:
    mul_value
    subs    r12, r12, #1
    bne     .Lone
.Ldone:
    pop     {r4-r10}
    bx      lr
    .size   mul_s8_dsp, . - mul_s8_dsp
