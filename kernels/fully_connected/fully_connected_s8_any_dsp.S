/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED of any sums, scales and number of outputs for the Armv7E-M DSP extension
 * (Cortex-M4, M7, M33), and the faster one where a layer is large:
 *
 *   void fully_connected_s8_any_dsp(const struct fully_connected_s8 *op, const int8_t *in,
 *                                   int8_t *out, void *scratch)
 *
 * Reads op->weights and channels (4-byte aligned), in_features >= 1, rows >= 1, out_features >= 1,
 * out_zero_point, out_min, out_max. No scratch: inputs are widened in registers, once for each pass
 * over them. Stack: 112 bytes. Inputs may lie anywhere; none is read past its row.
 *
 * A pass makes six outputs as three pairs (a, b), which share 16-bit halves of weight words as in
 * conv2d/conv2d_tile_dsp.inc: a half holds a[k] + 256 b[k], so that
 *
 *   A = bias_a + sum_k x[k] a[k]        D = A + 256 sum_k x[k] b[k]        modulo 2^32
 *
 * and the sum of b is (D - A) >> 8, exact for up to 66 words of inputs whatever they hold. After
 * so many it is added to what went before, kept in the stack, and D starts anew: sums of any
 * length. No half overflows: where b[k] is -128, a[k] >= 0.
 *
 * 25.25 instructions and 29 cycles for 24 multiply-accumulates, about 13 for each output. Four
 * single loads in a row take five cycles, where one and an LDM of three take six. What is left of
 * the outputs comes first, pair by pair, 11 instructions for 8. An odd output is paired with
 * weights of zero; what these give is overwritten by the next one.
 *
 * weights, pass by pass, 32-bit words: for each 4 inputs and each pair halves (k, k + 2) and
 * (k + 1, k + 3). Inputs beyond whole words come first, padded with zero weights.
 * channels, pass by pass, 32-bit words: 2 bias_b of each pair; bias_a of each; for each pair
 * multiplier_a, multiplier_b, and the shifts of both for requantize_any. Where all of three pairs
 * shift right, these are n - 1 for `requantize`, and PLAIN is set in the first pair's; LONE is set
 * where the pair is a pass of its own.
 * Biases hold the input zero point's share. |2 sum| << left < 2^31 for all.
 */
#include "../common/requant_dsp.inc"

#define FULLY_CONNECTED_WEIGHTS 0
#define FULLY_CONNECTED_IN_FEATURES 8
#define FULLY_CONNECTED_ROWS 12
#define FULLY_CONNECTED_OUT_FEATURES 14
#define FULLY_CONNECTED_OUT_ZERO_POINT 16
#define FULLY_CONNECTED_OUT_MIN 18 /* out_max follows */

#define F_IN 0         /* this row's inputs */
#define F_FIRST_END 4  /* behind the first segment's whole words */
#define F_IN_END 8     /* behind all whole words */
#define F_TAIL 12      /* the inputs beyond whole words */
#define F_SUMS 16      /* doubled, of b in each pair, of earlier segments, with the bias */
#define F_LEFT 28      /* outputs left of this row */
#define F_OUT 32
#define F_ODD 36       /* 1: the next output is paired with nothing */
#define F_ENTRIES 40   /* into the unrolled blocks, for one pair and for three */
#define F_CHANNELS 48  /* of what comes next */
#define F_ROWS 52
#define F_ZERO_POINT 56 /* 2 out_zero_point + 1 */
#define F_BYTES 60

#define SEGMENT_BYTES 256 /* 64 words; the first segment may have the tail besides */
#define UNROLL_3 8
#define UNROLL_1 2
#define BLOCK_BYTES_3 94 /* of code */
#define BLOCK_BYTES_1 38
#define PLAIN 0x00400000
#define LONE 0x20000000

    .syntax unified
    .thumb

/* Two sums of a pair, of two of the inputs in r2 and r3. */
.macro pair_products a, d, inputs, word
    smlad   \d, \inputs, \word, \d
    sxtb16  \word, \word
    smlad   \a, \inputs, \word, \a
.endm

/* Four inputs of one pair. */
.macro block_1
    ldr     r2, [r1], #4
    sxtb16  r3, r2, ror #8
    sxtb16  r2, r2
    ldm     r0!, {r4, r5}
    pair_products r7, r8, r2, r4
    pair_products r7, r8, r3, r5
.endm

/* Four inputs of three pairs. */
.macro block_3
    ldr     r2, [r1], #4
    ldr.n   r5, [r0, #4]
    ldr.n   r6, [r0, #8]
    ldr     r4, [r0], #12
    sxtb16  r3, r2, ror #8
    sxtb16  r2, r2
    pair_products r7, r8, r2, r4
    pair_products r7, r8, r3, r5
    pair_products r9, r10, r2, r6
    ldm     r0!, {r4, r5, r6}
    pair_products r9, r10, r3, r4
    pair_products r11, r12, r2, r5
    pair_products r11, r12, r3, r6
.endm

.macro fold_pair a, d, index
    ldr     r2, [sp, #(F_SUMS + 4 * \index)]
    sub     \d, \d, \a
    add     r2, r2, \d, asr #7
    str     r2, [sp, #(F_SUMS + 4 * \index)]
    mov     \d, \a
.endm

/* One output, its shifts in r4. As any_channel and requantize_any in two registers, r5 and r6. */
.macro requantize_output sum, multiplier
    ubfx    r6, r4, #16, #5
    lsl     r5, lr, r4
    lsl     \sum, \sum, r6
    ubfx    r6, r4, #23, #1
    asr     r5, r5, #1
    smmla   r5, \sum, r6, r5
    smmlar  \sum, \sum, \multiplier, r5
    asr     \sum, \sum, r4
    ssat    \sum, #8, \sum
.endm

/* The doubled sums of a pair, \sum being that of b in earlier segments. */
.macro split_pair a, d, sum
    sub     \d, \d, \a
    add     \d, \sum, \d, asr #7
    lsl     \a, \a, #1
.endm

/* Two outputs that shift right; r6 channels, r1 out, lr 2 out_zero_point + 1. */
.macro plain_pair a, b
    lsl     r5, lr, r4
    requantize \a, r2, r5, r4, r5
    lsr     r4, r4, #8
    lsl     r5, lr, r4
    requantize \b, r3, r5, r4, r5
    strb    \a, [r1], #1
    strb    \b, [r1], #1
.endm

/* Behind a segment: over to the next one. */
.macro fold pairs
.Lfold_\pairs:
    fold_pair r7, r8, 0
  .if \pairs == 3
    fold_pair r9, r10, 1
    fold_pair r11, r12, 2
  .endif
    add     lr, r1, #SEGMENT_BYTES
    b       .Lblocks_\pairs
.endm

/* Behind the last block of a round: on, or falls through. */
.macro round_end pairs
    cmp     r1, lr
    bne     .Lblocks_\pairs
    ldr     r2, [sp, #F_IN_END]
    cmp     r1, r2
    bne     .Lfold_\pairs
    ldr     r6, [sp, #F_CHANNELS]
    ldr     lr, [sp, #F_ZERO_POINT]
    ldr     r1, [sp, #F_OUT]
.endm

/* A pass over the inputs for one pair. Ends with r1 = out, advanced by the first of its outputs;
 * the second one is in r8. */
.macro pass_1
    ldr     r6, [sp, #F_CHANNELS]
    ldrd    r2, r7, [r6], #8
    str     r6, [sp, #F_CHANNELS]
    str     r2, [sp, #F_SUMS]
    mov     r8, r7
    ldrd    r1, lr, [sp, #F_IN]
    ldr     r2, [sp, #F_TAIL] /* for an entry behind a block's own load */
    ldr     pc, [sp, #F_ENTRIES]
    .balign 4
.Lblocks_1:
  .rept UNROLL_1
    block_1
  .endr
  .if . - .Lblocks_1 != UNROLL_1 * BLOCK_BYTES_1
    .error "a block does not have the size that choose_entry assumes"
  .endif
    round_end 1
    ldr     r5, [sp, #F_SUMS]
    ldm     r6!, {r2, r3, r4}
    split_pair r7, r8, r5
.Lany: /* the scales may be any: a pair in r7 and r8, alone or of three */
    str     r6, [sp, #F_CHANNELS]
    requantize_output r7, r2
    lsr     r4, r4, #8
    requantize_output r8, r3
    strb    r7, [r1], #1
    tst     r4, #(LONE >> 8)
    beq     .Lany_next
.endm

/* A pass for three pairs. r6 channels. Ends with r1 = out and r6, advanced. */
.macro pass_3
    ldm     r6!, {r2, r3, r4, r7, r9, r11}
    str     r2, [sp, #F_SUMS]
    str     r3, [sp, #(F_SUMS + 4)]
    str     r4, [sp, #(F_SUMS + 8)]
    str     r6, [sp, #F_CHANNELS]
    mov     r8, r7
    mov     r10, r9
    mov     r12, r11
    ldr     r1, [sp, #F_IN]
    ldr     lr, [sp, #F_FIRST_END]
    ldr     r2, [sp, #F_TAIL] /* for an entry behind a block's own load of inputs */
    ldr     pc, [sp, #(F_ENTRIES + 4)]
    .balign 4
.Lblocks_3:
  .rept UNROLL_3
    block_3
  .endr
  .if . - .Lblocks_3 != UNROLL_3 * BLOCK_BYTES_3
    .error "a block does not have the size that choose_entry assumes"
  .endif
    round_end 3
    ldr     r2, [sp, #F_SUMS]
    ldr     r3, [sp, #(F_SUMS + 4)]
    ldr     r4, [sp, #(F_SUMS + 8)]
    split_pair r7, r8, r2
    split_pair r9, r10, r3
    split_pair r11, r12, r4
    ldm     r6!, {r2, r3, r4}
    tst     r4, #PLAIN
    beq     .Lany
    plain_pair r7, r8
    ldm     r6!, {r2, r3, r4}
    plain_pair r9, r10
    ldm     r6!, {r2, r3, r4}
    plain_pair r11, r12
.Lfinished_3:
.endm

/* Behind .Lany: the next of three pairs, or back to .Lfinished_3. */
.macro any_next
.Lany_next:
    strb    r8, [r1], #1
    ldr     r5, [sp, #F_OUT]
    ldr     r6, [sp, #F_CHANNELS]
    mov     r7, r9
    mov     r8, r10
    add     r5, r5, #6
    cmp     r1, r5
    beq     .Lfinished_3
    mov     r9, r11
    mov     r10, r12
    ldm     r6!, {r2, r3, r4}
    b       .Lany
.endm

/* Where a pass starts: r4 blocks in its first segment, r3 = 4 if its first word is the tail. */
.macro choose_entry pairs, unroll, bytes
    rsb     r5, r4, #0
    and     r5, r5, #(\unroll - 1)
    mov     r6, #\bytes
    mla     r5, r5, r6, r3
    adr.w   r6, .Lblocks_\pairs
    add     r5, r5, r6
    orr     r5, r5, #1
    str     r5, [sp, #(F_ENTRIES + 4 * (\pairs / 2))]
.endm

    .section .text.fully_connected_s8_any_dsp, "ax", %progbits
    .balign 4
    .global fully_connected_s8_any_dsp
    .type   fully_connected_s8_any_dsp, %function
    .thumb_func
fully_connected_s8_any_dsp:
    push    {r0-r11, lr}
    sub     sp, sp, #F_BYTES
    b       .Lstart

.Lpass_1:
    pass_1
    ldr     r2, [sp, #F_LEFT]
    subs    r2, r2, #2
    bmi     .Lrow_done /* it was the only output */
    strb    r8, [r1], #1
    ldr     r3, [sp, #F_ODD]
    mov     r4, #0
    sub     r1, r1, r3
    str     r4, [sp, #F_ODD]
    cmp     r2, #0
    bne     .Lchoose
    b       .Lrow_done

.Lpass_3:
    pass_3
    ldr     r2, [sp, #F_LEFT]
    str     r1, [sp, #F_OUT]
    subs    r2, r2, #6
    str     r2, [sp, #F_LEFT]
    bne     .Lpass_3
    b       .Lrow_done
    any_next
    fold    1
    fold    3

.Lstart:
    ldrsh   r8, [r0, #FULLY_CONNECTED_ROWS]
    ldrsh   r9, [r0, #FULLY_CONNECTED_OUT_ZERO_POINT]
    ldr     r10, [r0, #FULLY_CONNECTED_IN_FEATURES]
    lsl     r9, r9, #1
    add     r9, r9, #1
    str     r8, [sp, #F_ROWS]
    str     r9, [sp, #F_ZERO_POINT]
    str     r2, [sp, #F_OUT]
    str     r1, [sp, #F_IN]
    lsr     r4, r10, #2
    subs    r4, r4, #1
    ite     pl
    andpl   r4, r4, #(SEGMENT_BYTES / 4 - 1)
    movmi   r4, #-1
    add     r4, r4, #1
    ands    r3, r10, #3
    itt     ne
    movne   r3, #4
    addne   r4, r4, #1
    choose_entry 1, UNROLL_1, BLOCK_BYTES_1
    choose_entry 3, UNROLL_3, BLOCK_BYTES_3

.Lrow:
    ldr     r0, [sp, #(F_BYTES)] /* op, as it was pushed */
    ldr     r10, [r0, #FULLY_CONNECTED_IN_FEATURES]
    ldrsh   r2, [r0, #FULLY_CONNECTED_OUT_FEATURES]
    ldrd    r0, r7, [r0, #FULLY_CONNECTED_WEIGHTS] /* channels follow */
    str     r7, [sp, #F_CHANNELS]
    ldr     r1, [sp, #F_IN]
    bic     r4, r10, #3
    add     r5, r1, r4 /* behind whole words */
    strd    r1, r5, [sp, #F_FIRST_END]
    cmp     r4, #0
    beq     .Lno_words
    sub     r6, r4, #4
    and     r6, r6, #(SEGMENT_BYTES - 1)
    add     r6, r6, #4
    add     r6, r6, r1
    str     r6, [sp, #F_FIRST_END]
    ands    r3, r10, #3
    beq     .Ltail_known
    /* the last word, which ends with the row, without what is no part of the tail */
    add     r6, r5, r3
    ldr     r6, [r6, #-4]
    rsb     r3, r3, #4
    lsl     r3, r3, #3
    lsr     r6, r6, r3
    str     r6, [sp, #F_TAIL]
    b       .Ltail_known
.Lno_words: /* one to three inputs in all */
    ldrb    r6, [r1]
    cmp     r10, #2
    itt     ge
    ldrbge  r7, [r1, #1]
    orrge   r6, r6, r7, lsl #8
    itt     gt
    ldrbgt  r7, [r1, #2]
    orrgt   r6, r6, r7, lsl #16
    str     r6, [sp, #F_TAIL]
.Ltail_known:
    ands    r3, r2, #1
    beq     .Leven
    cmp     r2, #1
    ite     eq
    moveq   r3, #0
    addne   r2, r2, #1
    str     r3, [sp, #F_ODD]
    str     r2, [sp, #F_LEFT]
    b       .Lpass_1
.Leven:
    str     r3, [sp, #F_ODD]
    ldr     r1, [sp, #F_OUT]
.Lchoose: /* r1 out, r2 an even number of outputs: what is more than threes of pairs comes first */
    strd    r2, r1, [sp, #F_LEFT]
    mov     r3, #6
    udiv    r4, r2, r3
    mls     r4, r4, r3, r2
    cmp     r4, #0
    bne     .Lpass_1
    ldr     r6, [sp, #F_CHANNELS]
    b       .Lpass_3

.Lrow_done:
    ldr     r4, [sp, #F_ROWS]
    str     r1, [sp, #F_OUT]
    ldr     r1, [sp, #F_IN]
    ldr     r0, [sp, #(F_BYTES)]
    ldr     r10, [r0, #FULLY_CONNECTED_IN_FEATURES]
    add     r1, r1, r10
    str     r1, [sp, #F_IN]
    subs    r4, r4, #1
    str     r4, [sp, #F_ROWS]
    bne     .Lrow
    add     sp, sp, #F_BYTES
    pop     {r0-r3}
    load_clamp FULLY_CONNECTED_OUT_MIN, .Lclamp_done
    ldrsh   r3, [r0, #FULLY_CONNECTED_ROWS]
    ldrsh   r6, [r0, #FULLY_CONNECTED_OUT_FEATURES]
    mul     r3, r3, r6
    clamp_run
.Lclamp_done:
    pop     {r4-r11, pc}
    .size   fully_connected_s8_any_dsp, . - fully_connected_s8_any_dsp
