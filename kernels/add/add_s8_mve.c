/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of two tensors of the same shape as one linear form for Cortex-M55: four values at a time in
 * 10 instructions.
 */
#include <arm_mve.h>

#include "add.h"

void add_s8_mve(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
                int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  __asm__ volatile(
      "   wlstp.32 lr, %[count], 2f\n"
      "1: vldrb.s32 q0, [%[first]], #4\n"
      "   vmul.i32 q0, q0, %[first_factor]\n"
      "   vldrb.s32 q1, [%[second]], #4\n"
      "   vmla.s32 q0, q1, %[second_factor]\n"
      "   vadd.i32 q0, q0, %[constant]\n"
      "   vshr.s32 q0, q0, #22\n"
      "   vqmovnb.s32 q0, q0\n"
      "   vqmovnb.s16 q0, q0\n"
      "   vstrb.32 q0, [%[out]], #4\n"
      "   letp lr, 1b\n"
      "2:\n"
      : [first] "+r"(first), [second] "+r"(second), [out] "+r"(out)
      : [count] "r"(pixels * op->period), [first_factor] "r"(op->first_factor),
        [second_factor] "r"(op->second_factor), [constant] "r"(op->constant)
      : "q0", "q1", "lr", "memory");
}
