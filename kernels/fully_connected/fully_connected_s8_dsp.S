/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED for the Armv7E-M DSP extension (Cortex-M4, M7, M33):
 *
 *   void fully_connected_s8_dsp(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
 *                               void *scratch)
 *
 * The formulas and the weight stream of conv2d/conv2d_tile_dsp.inc with TILE_WIDE = 0 and
 * K = in_features: two outputs share a register. One input row at a time: weights are read once per
 * row. Reads op->weights (4-byte aligned), in_features >= 1, rows >= 1, out_features >= 2,
 * out_zero_point, out_min, out_max.
 *
 * scratch: 4-byte aligned, 8 * ceil(in_features / 4) bytes. Stack: 80 bytes.
 * 8 instructions for 8 multiply-accumulates, about 25 for the rest of 2 outputs.
 */
#include "../common/requant_dsp.inc"

#define FULLY_CONNECTED_WEIGHTS 0
#define FULLY_CONNECTED_IN_FEATURES 8
#define FULLY_CONNECTED_ROWS 12
#define FULLY_CONNECTED_OUT_FEATURES 14
#define FULLY_CONNECTED_OUT_ZERO_POINT 16
#define FULLY_CONNECTED_OUT_MIN 18 /* out_max follows */

#define FRAME_WEIGHTS 0
#define FRAME_ROWS 4
#define FRAME_IN_FEATURES 8
#define FRAME_OUT_FEATURES 12
#define FRAME_SCRATCH 16
#define FRAME_ENTRY 20
#define FRAME_BYTES 28

#define UNROLL 4
#define BLOCK_BYTES 32

    .syntax unified
    .thumb

/* Doubled halves of r4's bytes to r12. */
.macro widen_word
    sxtb16  r5, r4
    sxtb16  r6, r4, ror #8
    sxtab16 r5, r5, r4
    sxtab16 r6, r6, r4, ror #8
    strd    r5, r6, [r12], #8
.endm

    .section .text.fully_connected_s8_dsp, "ax", %progbits
    .balign 4
    .global fully_connected_s8_dsp
    .type   fully_connected_s8_dsp, %function
    .thumb_func
fully_connected_s8_dsp:
    push    {r0-r11, lr}
    sub     sp, sp, #FRAME_BYTES
    ldr     r4, [r0, #FULLY_CONNECTED_WEIGHTS]
    ldr     r5, [r0, #FULLY_CONNECTED_IN_FEATURES]
    ldrsh   r6, [r0, #FULLY_CONNECTED_ROWS]
    ldrsh   r7, [r0, #FULLY_CONNECTED_OUT_FEATURES]
    ldrsh   r11, [r0, #FULLY_CONNECTED_OUT_ZERO_POINT]
    strd    r4, r6, [sp, #FRAME_WEIGHTS]
    strd    r5, r7, [sp, #FRAME_IN_FEATURES]
    str     r3, [sp, #FRAME_SCRATCH]
    lsl     r11, r11, #1
    add     r11, r11, #1
    /* entry into the blocks: what is left of K behind whole rounds of UNROLL */
    add     r4, r5, #3
    lsr     r4, r4, #2
    rsb     r5, r4, #0
    and     r5, r5, #(UNROLL - 1)
    adr     r6, .Lblocks
    add     r6, r6, r5, lsl #5
    orr     r6, r6, #1
    str     r6, [sp, #FRAME_ENTRY]
    add     lr, r3, r4, lsl #3 /* end of the halves */

.Lrow:
    ldr     r12, [sp, #FRAME_SCRATCH]
    ldr     r7, [sp, #FRAME_IN_FEATURES]
    subs    r7, r7, #4
    blt     .Llast
.Lwiden:
    ldr     r4, [r1], #4
    widen_word
    subs    r7, r7, #4
    bge     .Lwiden
.Llast:
    adds    r7, r7, #4 /* 1 to 3 inputs left, if not 0 */
    beq     .Lwidened
    ldrb    r4, [r1], #1
    subs    r7, r7, #1
    itt     gt
    ldrbgt  r5, [r1], #1
    orrgt   r4, r4, r5, lsl #8
    subs    r7, r7, #1
    itt     gt
    ldrbgt  r5, [r1], #1
    orrgt   r4, r4, r5, lsl #16
    widen_word
.Lwidened:
    ldr     r0, [sp, #FRAME_WEIGHTS]
    ldr     r10, [sp, #FRAME_OUT_FEATURES]
    /* r0 weights, r1 next row's inputs, r2 out, r3 inputs, r4 r5 weights, r6 r7 inputs, r8 A, r9 D,
     * r10 outputs left, r11 2 out_zero_point + 1, r12 free, lr end of inputs */
.Lpair:
    ldr     r3, [sp, #FRAME_SCRATCH]
    ldrd    r8, r9, [r0], #8
    ldr     pc, [sp, #FRAME_ENTRY]
    .balign 4
.Lblocks:
    .rept   UNROLL
    ldrd    r4, r5, [r0], #8
    ldrd    r6, r7, [r3], #8
    sxtb16  r12, r4
    smlad   r9, r6, r4, r9
    smlad   r8, r6, r12, r8
    sxtb16  r12, r5
    smlad   r9, r7, r5, r9
    smlad   r8, r7, r12, r8
    .endr
    .if     . - .Lblocks != UNROLL * BLOCK_BYTES
    .error  "a block does not have the size that FRAME_ENTRY assumes"
    .endif
    cmp     r3, lr
    bne     .Lblocks
    ldm     r0!, {r4, r5, r6}
    sub     r9, r9, r8
    asr     r9, r9, #8
    lsl     r7, r11, r6
    requantize r8, r4, r7, r6, r12
    lsr     r6, r6, #8
    lsl     r7, r11, r6
    requantize r9, r5, r7, r6, r12
    strb    r8, [r2], #1
    strb    r9, [r2], #1
    subs    r10, r10, #2
    beq     .Lrow_done
    cmp     r10, #1
    itt     eq
    subeq   r2, r2, #1 /* an odd output: the last two again */
    moveq   r10, #2
    b       .Lpair
.Lrow_done:
    ldr     r4, [sp, #FRAME_ROWS]
    subs    r4, r4, #1
    str     r4, [sp, #FRAME_ROWS]
    bne     .Lrow
    add     sp, sp, #FRAME_BYTES
    pop     {r0-r3}
    load_clamp FULLY_CONNECTED_OUT_MIN, .Lclamp_done
    ldrsh   r3, [r0, #FULLY_CONNECTED_ROWS]
    ldrsh   r6, [r0, #FULLY_CONNECTED_OUT_FEATURES]
    mul     r3, r3, r6
    clamp_run
.Lclamp_done:
    pop     {r4-r11, pc}
    .size   fully_connected_s8_dsp, . - fully_connected_s8_dsp
