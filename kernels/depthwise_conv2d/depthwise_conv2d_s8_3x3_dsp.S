/* SPDX-License-Identifier: Apache-2.0
 *
 * 3 x 3 depthwise convolution, stride 1, for the Armv7E-M DSP extension (Cortex-M4, M7, M33):
 *
 *   void depthwise_conv2d_s8_3x3_dsp(const struct depthwise_conv2d_s8 *op,
 *                                    const int8_t *const *in_rows,
 *                                    int8_t *const *out_rows, int32_t rows, void *scratch)
 *
 * Reads op->weights (the stream below, any alignment), in_width, out_width, out_channels =
 * in_channels >= 4, pad_left, zero points, the clamp and chunk_rows; dilation 1, multiplier 1.
 * Requantisation: common/requant_dsp.inc. Columns of padding on either side are those that the
 * widths imply.
 *
 * rows >= 1. With more than two, output rows follow each other without gaps (out_rows[r + 1] =
 * out_rows[r] + out_width * channels); one or two may lie anywhere. Four channels at a time pass
 * through all rows, in chunks of chunk_rows (even), so that scratch holds one chunk only. The input
 * of a chunk is read before its output is written, and of the rows that the next chunk reads again
 * the first one comes from scratch: so output row r may lie over in_rows[j] wherever j <= r + 1,
 * and a whole image is worked in place.
 *
 * scratch: 4-byte aligned, 64 * ceil((out_width + 2) / 2) * ceil(min(rows, chunk_rows) / 2) bytes.
 * Stack: 256 bytes.
 *
 * Two phases per band of two output rows, from input rows 0..3:
 *
 *   gather: pairs of halves per channel: V = (row 1, row 2) of each column, which both output rows
 *           use; H0 and H3 = (column 2 u, column 2 u + 1) of rows 0 and 3. 56 instructions per 2
 *           columns x 4 channels.
 *   compute: 4 outputs per pass: 12 SMLAD on V, 8 SMLAD/SMLABT/SMLATB on H; 53 instructions.
 *
 * Scratch: per band, per unit of two columns: 4 channels x (V even, V odd), then 4 channels x (H0,
 * H3).
 *
 * Weight stream, 17 bytes per channel: 512 bias + (n - 1) in 32 bits, multiplier in 32, then w00
 * w10 w01 w11, w20 w12 w21 w02, w22. |bias| < 2^22 and weights in [-127, 127] (narrow_sum_reason).
 *
 * Compute registers: r0 units, r1 output, r2-r4 V weights, r5 r6 H weights, r7-r10 sums, r11 r12
 * lr.
 */
#include "depthwise_3x3_dsp.inc"
#include "depthwise_gather_dsp.inc"
#include "depthwise_layout.h"

    .syntax unified
    .thumb

    .section .text.depthwise_conv2d_s8_3x3_dsp, "ax", %progbits
    .balign 4
    .global depthwise_conv2d_s8_3x3_dsp
    .type   depthwise_conv2d_s8_3x3_dsp, %function
    .thumb_func
depthwise_conv2d_s8_3x3_dsp:
    push    {r0-r11, lr}
    ldr     r4, [sp, #52] /* scratch */
    sub     sp, sp, #F_BYTES
    str     r4, [sp, #F_SCRATCH]

    /* outputs: first, bytes of a row, step from row to row */
    ldrsh   r5, [r0, #DEPTHWISE_CHANNELS]
    ldrsh   r6, [r0, #DEPTHWISE_OUT_WIDTH]
    mul     r7, r5, r6
    ldr     r8, [r2]
    mov     r9, #0
    cmp     r3, #2
    bne     .Lstep_known
    ldr     r9, [r2, #4]
    sub     r9, r9, r8
    sub     r9, r9, r7
.Lstep_known:
    str     r5, [sp, #F_CHANNELS]
    str     r9, [sp, #F_ROW_STEP]
    ldr     r1, [r0, #DEPTHWISE_WEIGHTS]
    strd    r1, r8, [sp, #F_STREAM_FOUR]
    ldrsh   r9, [r0, #DEPTHWISE_CHUNK_ROWS]
    strd    r9, r7, [sp, #F_CHUNK]

    /* units: all there are, those of whole groups */
    add     r1, r6, #3
    lsr     r1, r1, #1
    lsl     r1, r1, #6
    lsr     r2, r6, #2
    lsl     r2, r2, #7
    sub     r7, r1, r2
    str     r2, [sp, #F_GROUPS_BYTES]
    strd    r7, r1, [sp, #F_BAND_STEP]

    /* image columns within the units */
    ldrsh   r7, [r0, #DEPTHWISE_PAD_LEFT]
    ldrsh   r8, [r0, #DEPTHWISE_IN_WIDTH]
    add     r8, r8, r7
    add     r9, r6, #2
    cmp     r8, r9
    it      gt
    movgt   r8, r9
    and     r9, r7, #1
    lsr     r10, r7, #1
    lsl     r10, r10, #6
    subs    r8, r8, r7
    itt     le /* padding wider than the kernel */
    movle   r8, #0
    movle   r9, #0
    strd    r10, r9, [sp, #F_FIRST]
    sub     r8, r8, r9
    and     r9, r8, #1
    lsr     r8, r8, #1
    lsl     r8, r8, #6
    strd    r8, r9, [sp, #F_PAIRS_BYTES]

    /* zero points */
    ldrsh   r7, [r0, #DEPTHWISE_OUT_ZERO_POINT]
    ldrsh   r8, [r0, #DEPTHWISE_IN_ZERO_POINT]
    lsl     r7, r7, #1
    add     r7, r7, #1
    pkhbt   r8, r8, r8, lsl #16
    strd    r7, r8, [sp, #F_ZERO_POINT_OUT]

    mov     r0, r6
    choose_entry A, F_ENTRY_A, F_TAIL_A
    choose_entry B, F_ENTRY_B, F_TAIL_B

    /* all of scratch is padding, until columns are gathered */
    ldr     r2, [sp, #CALL_ROWS]
    ldr     r3, [sp, #F_CHUNK]
    cmp     r2, r3
    it      gt
    movgt   r2, r3
    add     r2, r2, #1
    lsr     r2, r2, #1
    mul     r2, r2, r1
    mov     r3, r4
    add     r2, r2, r3
    mov     r4, r8
    mov     r5, r8
    mov     r6, r8
    mov     r7, r8
    mov     r9, r8
    mov     r10, r8
    mov     r11, r8
.Lfill:
    stm     r3!, {r4-r11}
    stm     r3!, {r4-r11}
    cmp     r3, r2
    bne     .Lfill
    mov     r0, #0
    str     r0, [sp, #F_CHANNEL]

.Lfour:
    /* four channels from r0 on; the last ones again where fewer are left: r1 counts the new ones */
    ldr     r2, [sp, #F_CHANNELS]
    sub     r1, r2, r0
    cmp     r1, #4
    ite     ge
    movge   r1, #4
    sublt   r0, r2, #4
    str     r0, [sp, #F_CHANNEL]
    ldr     r3, [sp, #F_SCRATCH]
    add     r5, r3, #32
    sub     r6, r5, r1, lsl #3
    strd    r5, r6, [sp, #F_UNITS_END]
    ldr     r5, [sp, #CALL_IN_ROWS]
    ldr     r6, [sp, #CALL_ROWS]
    ldr     r8, [sp, #F_OUT_FOUR]
    mov     r9, #0
    str     r9, [sp, #F_CARRIED]

    /* a chunk: r3 = scratch, r5 = in_rows, r6 = rows that are left, r8 = first output */
.Lchunk:
    ldrd    r7, r9, [sp, #F_CHUNK]
    cmp     r7, r6
    it      gt
    movgt   r7, r6
    sub     r6, r6, r7
    strd    r5, r7, [sp, #F_IN_ROWS]
    strd    r5, r7, [sp, #F_BAND_ROWS]
    strd    r6, r8, [sp, #F_ROWS_AFTER]
    ldr     r10, [sp, #F_ROW_STEP]
    mla     r10, r9, r7, r10
    add     r10, r10, r8
    strd    r8, r10, [sp, #F_OUT]
    ldr     r8, [sp, #F_UNITS_FOUR]
    ldr     r9, [sp, #F_GROUPS_BYTES]
    add     r9, r9, r8
    strd    r8, r9, [sp, #F_UNITS]
    ldr     r8, [sp, #F_STREAM_FOUR]
    str     r8, [sp, #F_STREAM]

    /* ---- gather: r3 = band ---- */
.Lgather_band:
    ldrd    r5, r6, [sp, #F_BAND_ROWS] /* r6: output rows left */
    ldr     r4, [sp, #F_CHANNEL]
    ldrd    r0, r1, [r5, #4]
    add     r0, r0, r4
    add     r1, r1, r4
    ldr     r2, [sp, #F_CHANNELS]
    str     r3, [sp, #F_GROUPS_END]    /* free until compute */
    ldrd    r7, r4, [sp, #F_FIRST]
    add     r3, r3, r7
    cbz     r4, .Lv_pairs
    gather_column [r0], [r1], 4
    add     r0, r0, r2
    add     r1, r1, r2
    add     r3, r3, #UNIT_BYTES
.Lv_pairs:
    ldr     r4, [sp, #F_PAIRS_BYTES]
    add     r4, r4, r3
    cmp     r4, r3
    beq     .Lv_tail
.Lv_pair:
    gather_unit [r0], [r1], "[r0, r2]", "[r1, r2]", UNIT_BYTES
    add     r0, r0, r2, lsl #1
    add     r1, r1, r2, lsl #1
    cmp     r3, r4
    bne     .Lv_pair
.Lv_tail:
    ldr     r4, [sp, #F_TAIL]
    cbz     r4, .Lh
    gather_column [r0], [r1], 0
.Lh:
    ldrd    r5, r6, [sp, #F_BAND_ROWS]
    ldrd    r0, r4, [sp, #F_CARRIED]   /* and F_CHANNEL */
    cmp     r0, r5
    beq     .Lh_carried
    ldr     r0, [r5]
    cmp     r6, #1
    beq     .Lh_alone
    ldr     r1, [r5, #12]
    add     r0, r0, r4
    add     r1, r1, r4
    ldr     r3, [sp, #F_GROUPS_END]
    ldrd    r7, r8, [sp, #F_FIRST]
    add     r3, r3, r7
    add     r3, r3, #UNIT_H
    cmp     r8, #0
    beq     .Lh_pairs
    ldr     lr, [sp, #F_ZERO_POINT_IN]
    gather_edge [r0], [r1], 0
    add     r0, r0, r2
    add     r1, r1, r2
    add     r3, r3, #UNIT_BYTES
.Lh_pairs:
    ldr     r4, [sp, #F_PAIRS_BYTES]
    add     r4, r4, r3
    cmp     r4, r3
    beq     .Lh_tail
.Lh_pair:
    gather_unit [r0], "[r0, r2]", [r1], "[r1, r2]", UNIT_BYTES
    add     r0, r0, r2, lsl #1
    add     r1, r1, r2, lsl #1
    cmp     r3, r4
    bne     .Lh_pair
.Lh_tail:
    ldr     r4, [sp, #F_TAIL]
    cmp     r4, #0
    beq     .Lband_gathered
    ldr     lr, [sp, #F_ZERO_POINT_IN]
    gather_edge [r0], [r1], 1
.Lband_gathered:
    ldrd    r5, r6, [sp, #F_BAND_ROWS]
    add     r5, r5, #8
    subs    r6, r6, #2
    strd    r5, r6, [sp, #F_BAND_ROWS]
    ldr     r3, [sp, #F_GROUPS_END]
    ldr     r4, [sp, #F_BAND_BYTES]
    add     r3, r3, r4
    bgt     .Lgather_band
    b       .Lchannel

    /* H0 is there: only H3, if there is a second output row */
.Lh_carried:
    cmp     r6, #1
    beq     .Lband_gathered
    ldr     r0, [r5, #12]
    mov     r8, #(UNIT_H + 4)
    b       .Lone_row
    /* the last band has but one output row: no H3 */
.Lh_alone:
    mov     r8, #UNIT_H
.Lone_row: /* of r0, at r8 in each unit */
    add     r0, r0, r4
    ldr     r3, [sp, #F_GROUPS_END]
    ldrd    r7, r4, [sp, #F_FIRST]
    add     r3, r3, r7
    add     r3, r3, r8
    cbz     r4, .Lalone_pairs
    ldr     r6, [sp, #F_ZERO_POINT_IN]
    ldr     r5, [r0]
    add     r0, r0, r2
    sxtb16  r7, r5
    sxtb16  r5, r5, ror #8
    pair_halves r9, r8, r6, r7
    pair_halves r7, r6, r6, r5
    store_pair 0
    add     r3, r3, #UNIT_BYTES
.Lalone_pairs:
    ldr     r4, [sp, #F_PAIRS_BYTES]
    add     r4, r4, r3
    cmp     r4, r3
    beq     .Lalone_tail
.Lalone_pair:
    ldr     r5, [r0]
    ldr     r6, [r0, r2]
    add     r0, r0, r2, lsl #1
    sxtb16  r7, r5
    sxtb16  r8, r6
    sxtb16  r5, r5, ror #8
    sxtb16  r6, r6, ror #8
    pair_halves r9, r8, r7, r8
    pair_halves r7, r6, r5, r6
    store_pair UNIT_BYTES
    cmp     r3, r4
    bne     .Lalone_pair
.Lalone_tail:
    ldr     r4, [sp, #F_TAIL]
    cmp     r4, #0
    beq     .Lband_gathered
    ldr     lr, [sp, #F_ZERO_POINT_IN]
    ldr     r5, [r0]
    sxtb16  r8, r5
    sxtb16  r6, r5, ror #8
    pair_halves r9, r8, r8, lr
    pair_halves r7, r6, r6, lr
    store_pair 0
    b       .Lband_gathered

    /* ---- compute ---- */
.Lchannel:
    ldr     lr, [sp, #F_STREAM]
    ldr     r11, [lr], #4
    ldr     r12, [lr], #4
    ldr     r3, [lr], #4
    ldr     r8, [lr], #4
    ldrsb   r10, [lr], #1
    str     lr, [sp, #F_STREAM]
    asr     r9, r11, #8
    ldr     r7, [sp, #F_ZERO_POINT_OUT]
    lsl     r7, r7, r11
    str     r11, [sp, #F_SHIFT]
    strd    r9, r12, [sp, #F_BIAS]
    str     r7, [sp, #F_OFFSET]
    sxtb16  r5, r3              /* w00, w01 */
    sxtb16  r3, r3, ror #8      /* w10, w11 */
    sxtb16  r7, r8              /* w20, w21 */
    sxtb16  r8, r8, ror #8      /* w12, w02 */
    sadd16  r5, r5, r5
    sadd16  r3, r3, r3
    sadd16  r7, r7, r7
    sadd16  r8, r8, r8
    lsl     r10, r10, #17       /* -, w22 */
    ldr     r0, [sp, #F_ROWS]
    cmp     r0, #1
    beq     .Lrow_a
    /* row B: (w00, w10) (w01, w11) (w02, w12), (w20, w21) (w21, w22) */
    pkhbt   r2, r5, r3, lsl #16
    pkhtb   r4, r3, r5, asr #16
    ror     r9, r8, #16
    pkhtb   r11, r10, r7, asr #16
    strd    r2, r4, [sp, #F_WEIGHTS_B]
    strd    r9, r7, [sp, #(F_WEIGHTS_B + 8)]
    str     r11, [sp, #(F_WEIGHTS_B + 16)]
.Lrow_a: /* (w10, w20) (w11, w21) (w12, w22), (w00, w01) (w01, w02) */
    pkhbt   r2, r3, r7, lsl #16
    pkhtb   r3, r7, r3, asr #16
    pkhbt   r4, r8, r10
    pkhtb   r6, r8, r5, asr #16
    cmp     r0, #2
    bls     .Lone_band
    add     r11, sp, #F_WEIGHTS_A
    stm     r11, {r2-r6}
.Lone_band:
    ldrd    r0, r11, [sp, #F_UNITS]
    str     r11, [sp, #F_GROUPS_END]
    add     r12, r0, #8
    add     r11, r11, #8
    strd    r12, r11, [sp, #F_UNITS]
    ldrd    r1, r11, [sp, #F_OUT]
    str     r11, [sp, #F_OUT_END]
    add     r12, r1, #1
    add     r11, r11, #1
    strd    r12, r11, [sp, #F_OUT]
.Lband:
    ldr     pc, [sp, #F_ENTRY_A]
    .balign 4
    output_row A, UNIT_H, F_TAIL_A
    ldrd    r11, r12, [sp, #F_OUT_END]
    cmp     r1, r11
    beq     .Lchannel_done
    add     r1, r1, r12
    ldr     r11, [sp, #F_GROUPS_BYTES]
    sub     r0, r0, r11
    add     r11, sp, #F_WEIGHTS_B
    ldm     r11, {r2-r6}
    ldr     pc, [sp, #F_ENTRY_B]
    .balign 4
    output_row B, (UNIT_H + 4), F_TAIL_B
    ldr     r11, [sp, #F_OUT_END]
    cmp     r1, r11
    beq     .Lchannel_done
    ldrd    r11, r12, [sp, #F_BAND_STEP]
    add     r0, r0, r11
    ldr     r11, [sp, #F_GROUPS_END]
    add     r11, r11, r12
    str     r11, [sp, #F_GROUPS_END]
    add     r11, sp, #F_WEIGHTS_A
    ldm     r11, {r2-r6}
    b       .Lband
.Lchannel_done:
    ldr     r11, [sp, #F_UNITS]
    ldr     r12, [sp, #F_UNITS_END]
    cmp     r11, r12
    bne     .Lchannel
    ldrd    r6, r8, [sp, #F_ROWS_AFTER] /* and F_OUT_CHUNK */
    cmp     r6, #0
    bne     .Lnext_chunk
    ldr     r0, [sp, #F_STREAM]
    ldr     r1, [sp, #F_OUT]
    sub     r1, r1, r8
    ldr     r8, [sp, #F_OUT_FOUR]
    add     r1, r1, r8
    strd    r0, r1, [sp, #F_STREAM_FOUR]
    ldr     r0, [sp, #F_CHANNEL]
    add     r0, r0, #4
    ldr     r1, [sp, #F_CHANNELS]
    cmp     r0, r1
    blt     .Lfour
    add     sp, sp, #F_BYTES
    pop     {r0-r3}
    clamp_rows DEPTHWISE_OUT_MIN, DEPTHWISE_OUT_WIDTH, DEPTHWISE_CHANNELS
    pop     {r4-r11, pc}

    /* its H0, whose row may be overwritten by now: row 2 of the last band, from its V */
.Lnext_chunk:
    ldrd    r7, r9, [sp, #F_CHUNK]
    mla     r8, r9, r7, r8
    str     r8, [sp, #F_OUT_CHUNK]
    ldr     r2, [sp, #F_IN_ROWS]
    add     r2, r2, r7, lsl #2
    str     r2, [sp, #F_CARRIED]
    ldr     r1, [sp, #F_BAND_BYTES]
    ldr     r3, [sp, #F_SCRATCH]
    lsr     r7, r7, #1
    sub     r7, r7, #1
    mla     r0, r1, r7, r3
    add     r1, r1, r3
.Lcarry:
    ldm     r0, {r4-r11}
    pkhtb   r4, r5, r4, asr #16
    pkhtb   r6, r7, r6, asr #16
    pkhtb   r8, r9, r8, asr #16
    pkhtb   r10, r11, r10, asr #16
    str     r4, [r3, #UNIT_H]
    str     r6, [r3, #(UNIT_H + 8)]
    str     r8, [r3, #(UNIT_H + 16)]
    str     r10, [r3, #(UNIT_H + 24)]
    add     r0, r0, #UNIT_BYTES
    add     r3, r3, #UNIT_BYTES
    cmp     r3, r1
    bne     .Lcarry
    ldr     r3, [sp, #F_SCRATCH]
    mov     r5, r2
    ldrd    r6, r8, [sp, #F_ROWS_AFTER]
    b       .Lchunk

    .balign 4
.Ltails_A:
    .hword  .Ltail0_A - .Lgroups_A, .Ltail1_A - .Lgroups_A
    .hword  .Ltail2_A - .Lgroups_A, .Ltail3_A - .Lgroups_A
.Ltails_B:
    .hword  .Ltail0_B - .Lgroups_B, .Ltail1_B - .Lgroups_B
    .hword  .Ltail2_B - .Lgroups_B, .Ltail3_B - .Lgroups_B
    .size   depthwise_conv2d_s8_3x3_dsp, . - depthwise_conv2d_s8_3x3_dsp
