/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of a second operand of one pixel that repeats, as one linear form:
 *
 *   void add_broadcast_s8_dsp(const struct add_linear_s8 *op, const int8_t *first,
 *                             const int8_t *second, int8_t *out, int32_t pixels, void *scratch)
 *
 * See add_value_dsp.inc. `out` may be `first`. 6.5 instructions per value, 6 per pixel.
 * Stack: 28 bytes.
 */
#include "add_value_dsp.inc"

    .syntax unified
    .thumb

    .section .text.add_broadcast_s8_dsp, "ax", %progbits
    .balign 4
    .global add_broadcast_s8_dsp
    .type   add_broadcast_s8_dsp, %function
    .thumb_func
add_broadcast_s8_dsp:
    ldr     r12, [sp]
    push    {r4-r9, lr}
    ldr     r9, [r0, #ADD_LINEAR_PERIOD]
    ldm     r0, {r4, r5, r6}
    mov     r0, r2
.Lpixel:
    mov     r2, r0
    subs    lr, r9, #4
    blt     .Lrest
.Lfour:
    add_value
    add_value
    add_value
    add_value
    subs    lr, lr, #4
    bge     .Lfour
.Lrest:
    adds    lr, lr, #4
    beq     .Lnext
.Lone:
    add_value
    subs    lr, lr, #1
    bne     .Lone
.Lnext:
    subs    r12, r12, #1
    bne     .Lpixel
    pop     {r4-r9, pc}
    .size   add_broadcast_s8_dsp, . - add_broadcast_s8_dsp
