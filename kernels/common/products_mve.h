/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of one row of int8 with four rows that lie one behind the other, with Helium.
 */
#ifndef KERNELS_COMMON_PRODUCTS_MVE_H_
#define KERNELS_COMMON_PRODUCTS_MVE_H_

#include <arm_mve.h>
#include <stdint.h>

/* Adds the products to four sums. The loop's last turn leaves out what lies behind the ends of all
 * rows. VMLADAVA wants even registers. */
static inline int32x4_t add_products_mve(int32x4_t start, const int8_t *inputs,
                                         const int8_t *weights, int32_t count) {
  register int32_t sum0 __asm__("r0") = vgetq_lane_s32(start, 0);
  register int32_t sum1 __asm__("r2") = vgetq_lane_s32(start, 1);
  register int32_t sum2 __asm__("r4") = vgetq_lane_s32(start, 2);
  register int32_t sum3 __asm__("r6") = vgetq_lane_s32(start, 3);
  /* Computed here: the compiler would keep multiples of `count` in the stack. */
  const int8_t *second, *third, *fourth;
  __asm__ volatile(
      "   add %[second], %[first], %[count]\n"
      "   add %[third], %[second], %[count]\n"
      "   add %[fourth], %[third], %[count]\n"
      "   wlstp.8 lr, %[count], 2f\n"
      "1: vldrb.8 q0, [%[inputs]], #16\n"
      "   vldrb.8 q1, [%[first]], #16\n"
      "   vmladava.s8 %[sum0], q0, q1\n"
      "   vldrb.8 q2, [%[second]], #16\n"
      "   vmladava.s8 %[sum1], q0, q2\n"
      "   vldrb.8 q3, [%[third]], #16\n"
      "   vmladava.s8 %[sum2], q0, q3\n"
      "   vldrb.8 q1, [%[fourth]], #16\n"
      "   vmladava.s8 %[sum3], q0, q1\n"
      "   letp lr, 1b\n"
      "2:\n"
      : [sum0] "+r"(sum0), [sum1] "+r"(sum1), [sum2] "+r"(sum2), [sum3] "+r"(sum3),
        [inputs] "+r"(inputs), [first] "+r"(weights), [second] "=&r"(second), [third] "=&r"(third),
        [fourth] "=&r"(fourth)
      : [count] "r"(count)
      : "q0", "q1", "q2", "q3", "lr", "memory");
  int32x4_t sums = vdupq_n_s32(sum0);
  sums = vsetq_lane_s32(sum1, sums, 1);
  sums = vsetq_lane_s32(sum2, sums, 2);
  return vsetq_lane_s32(sum3, sums, 3);
}

#endif /* KERNELS_COMMON_PRODUCTS_MVE_H_ */
