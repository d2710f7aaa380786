/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of two tensors of the same shape as one linear form:
 *
 *   void add_s8_dsp(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
 *                   int8_t *out, int32_t pixels, void *scratch)
 *
 *   out[i] = saturate_int8((constant + first_factor * first[i] + second_factor * second[i]) >> 22)
 *
 * The packer finds factors and a constant for which this is TFLite's result, three roundings and
 * all, for each of the 65,536 pairs of values; most pairs of scales have some. No sum leaves
 * int32. `out` may be either operand. 6.5 instructions per value. Stack: 28 bytes.
 */
#define ADD_LINEAR_PERIOD 12
#define SHIFT 22

    .syntax unified
    .thumb

/* r4 r5 r6: factors and constant. */
.macro add_value
    ldrsb   r7, [r1], #1
    ldrsb   r8, [r2], #1
    mla     r7, r7, r4, r6
    mla     r7, r8, r5, r7
    ssat    r7, #8, r7, asr #SHIFT
    strb    r7, [r3], #1
.endm

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
