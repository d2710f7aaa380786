/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of two tensors of the same shape as one linear form for Cortex-M55: four values at a time in
 * 8 instructions.
 *
 * Shifts narrow as well, by 16 and by 6; both forms that do so round, as binutils 2.40 encodes no
 * other. So the constant is less by the halves that they add.
 */
#include <arm_mve.h>

#include "add.h"

enum { HALVES = (1 << 15) + (1 << 21) };

void add_s8_mve(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
                int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const int32x4_t factor = vdupq_n_s32(op->first_factor);
  __asm__ volatile(
      "   wlstp.32 lr, %[count], 2f\n"
      "1: vldrb.s32 q0, [%[first]], #4\n"
      "   vmlas.s32 q0, %q[first_factor], %[constant]\n"
      "   vldrb.s32 q1, [%[second]], #4\n"
      "   vmla.s32 q0, q1, %[second_factor]\n"
      "   vqrshrnb.s32 q0, q0, #16\n"
      "   vqrshrnb.s16 q0, q0, #6\n"
      "   vstrb.32 q0, [%[out]], #4\n"
      "   letp lr, 1b\n"
      "2:\n"
      : [first] "+r"(first), [second] "+r"(second), [out] "+r"(out)
      : [count] "r"(pixels * op->period), [first_factor] "w"(factor),
        [second_factor] "r"(op->second_factor), [constant] "r"(op->constant - HALVES)
      : "q0", "q1", "lr", "memory");
}
