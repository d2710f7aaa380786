/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of two tensors of the same shape as one linear form:
 *
 *   void add_s8_dsp(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
 *                   int8_t *out, int32_t pixels, void *scratch)
 *
 * See add_value_dsp.inc. `out` may be either operand. 6.5 instructions per value.
 * Stack: 28 bytes.
 */
#include "add_value_dsp.inc"

    .syntax unified
    .thumb

    .section .text.add_s8_dsp, "ax", %progbits
    .balign 4
    .global add_s8_dsp
    .type   add_s8_dsp, %function
    .thumb_func
add_s8_dsp:
    ldr     r12, [sp]
    push    {r4-r8}
    ldr     r4, [r0, #ADD_LINEAR_PERIOD]
    mul     r12, r12, r4
    ldm     r0, {r4, r5, r6}
    subs    r12, r12, #4
    blt     .Lrest
.Lfour:
    add_value
    add_value
    add_value
    add_value
    subs    r12, r12, #4
    bge     .Lfour
.Lrest:
    adds    r12, r12, #4
    beq     .Ldone
.Lone:
    add_value
    subs    r12, r12, #1
    bne     .Lone
.Ldone:
    pop     {r4-r8}
    bx      lr
    .size   add_s8_dsp, . - add_s8_dsp
