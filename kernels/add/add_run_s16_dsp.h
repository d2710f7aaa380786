/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of sums for the Armv7E-M DSP extension. The operand of the larger scale is exact in the
 * common steps, 2^14 of them; the other one is rescaled and rounded.
 *
 * 16 instructions for each sum, all that they need in registers: a frame of 60 bytes.
 */
#ifndef KERNELS_ADD_ADD_RUN_S16_DSP_H_
#define KERNELS_ADD_ADD_RUN_S16_DSP_H_

#include <stddef.h>

#include "../common/asm_function.h"
#include "../common/clamp_s16_dsp.h"
#include "add.h"

/* What rounding needs of a shift: half of its step, and 1 for ties away from zero; both are 0 for a
 * shift of 0. `shift` to the left becomes one to the right. */
#define ADD_S16_ROUNDING(shift, half, sign) \
  "rsb " #shift ", " #shift                 \
  ", #0\n\t"                                \
  "mov " #sign                              \
  ", #1\n\t"                                \
  "lsl " #half ", " #sign ", " #shift       \
  "\n\t"                                    \
  "lsrs " #half ", " #half                  \
  ", #1\n\t"                                \
  "it eq\n\t"                               \
  "moveq " #sign ", #0\n\t"

/* r12, twice a value, times a scale; lr is lost. */
#define ADD_S16_RESCALE(multiplier, half, sign, shift) \
  "smmulr r12, r12, " #multiplier                      \
  "\n\t"                                               \
  "smmla lr, r12, " #sign ", " #half                   \
  "\n\t"                                               \
  "add r12, r12, lr\n\t"                               \
  "asr r12, r12, " #shift "\n\t"

#define ADD_S16_SUM \
  "ldrsh r12, [r3], #2\n\t"            \
  "lsl r12, r12, #16\n\t"              \
  ADD_S16_RESCALE(r4, r5, r6, r7)      \
  "ldrsh lr, [r2], #2\n\t"             \
  "lsl r12, r12, #1\n\t"               \
  "add r12, r12, lr, lsl #15\n\t"      \
  ADD_S16_RESCALE(r8, r9, r10, r11)    \
  "ssat r12, #16, r12\n\t"             \
  "strh r12, [r0], #2\n\t"

/* add_sums_s16_dsp reads these fields: C99 has no other assertion. */
typedef char add_s16_layout[offsetof(struct add_operand_s8, multiplier) == 0 &&
                                    offsetof(struct add_operand_s8, shift) == 4 &&
                                    offsetof(struct add_s8, out_multiplier) == 16 &&
                                    offsetof(struct add_s8, out_shift) == 20
                                ? 1
                                : -1];

/* Sums from `to` to `end`; `finer` values are rescaled by `scale`. */
ASM_FUNCTION static void add_sums_s16_dsp(__attribute__((unused)) const struct add_s8 *op,
                                          __attribute__((unused))
                                          const struct add_operand_s8 *scale,
                                          __attribute__((unused)) const arena_s16 *exact,
                                          __attribute__((unused)) const arena_s16 *finer,
                                          __attribute__((unused)) arena_s16 *to,
                                          __attribute__((unused)) const arena_s16 *end) {
  __asm__ volatile(
      "push {r4-r11, lr}\n\t"
      "ldr r4, [r1]\n\t"
      "ldrsh r7, [r1, #4]\n\t"
      "ldr r8, [r0, #16]\n\t"
      "ldrsh r11, [r0, #20]\n\t"
      "ldrd r0, r1, [sp, #36]\n\t"
      ADD_S16_ROUNDING(r7, r5, r6)
      ADD_S16_ROUNDING(r11, r9, r10)
      "sub r12, r1, r0\n\t"
      "tst r12, #2\n\t"
      "bne 2f\n\t"
      "cmp r0, r1\n\t"
      "beq 3f\n"
      "1:\n\t" ADD_S16_SUM
      "2:\n\t" ADD_S16_SUM
      "cmp r0, r1\n\t"
      "bne 1b\n"
      "3:\n\t"
      "pop {r4-r11, pc}\n\t");
}

static inline void add_run_s16_dsp(const struct add_s8 *op, const arena_s16 *first,
                                   const arena_s16 *second, arena_s16 *out, int32_t count) {
  if (op->first.shift == 0 && op->first.multiplier == 1 << 30) {
    add_sums_s16_dsp(op, &op->second, first, second, out, out + count);
  } else {
    add_sums_s16_dsp(op, &op->first, second, first, out, out + count);
  }
  clamp_values_s16(out, count, op->out_min, op->out_max);
}

#endif /* KERNELS_ADD_ADD_RUN_S16_DSP_H_ */
