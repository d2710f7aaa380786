/* SPDX-License-Identifier: Apache-2.0
 *
 * MUL by a second operand of one pixel that repeats (squeeze and excite):
 *
 *   void mul_broadcast_s8_dsp(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
 *                             int8_t *out, int32_t pixels, void *scratch)
 *
 * See mul_value_dsp.inc for the arithmetic and its limits. `out` may be `first`.
 * 11.5 instructions per value, 6 per pixel. Stack: 36 bytes.
 */
#include "mul_value_dsp.inc"

    .syntax unified
    .thumb

    .section .text.mul_broadcast_s8_dsp, "ax", %progbits
    .balign 4
    .global mul_broadcast_s8_dsp
    .type   mul_broadcast_s8_dsp, %function
    .thumb_func
mul_broadcast_s8_dsp:
    ldr     r12, [sp]
    push    {r4-r11, lr}
    ldr     r11, [r0, #MUL_PERIOD]
    load_mul_constants
    mov     r0, r2
.Lpixel:
    mov     r2, r0
    subs    lr, r11, #4
    blt     .Lrest
.Lfour:
    mul_value
    mul_value
    mul_value
    mul_value
    subs    lr, lr, #4
    bge     .Lfour
.Lrest:
    adds    lr, lr, #4
    beq     .Lnext
.Lone:
    mul_value
    subs    lr, lr, #1
    bne     .Lone
.Lnext:
    subs    r12, r12, #1
    bne     .Lpixel
    pop     {r4-r11, pc}
    .size   mul_broadcast_s8_dsp, . - mul_broadcast_s8_dsp
