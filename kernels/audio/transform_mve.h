/* SPDX-License-Identifier: Apache-2.0
 *
 * The transform with Helium, of 16 points and more: 30 instructions for four butterflies of a
 * stage. Halves and quarters are so small that no product of one with a factor saturates.
 */
#ifndef KERNELS_AUDIO_TRANSFORM_MVE_H_
#define KERNELS_AUDIO_TRANSFORM_MVE_H_

#include "complex_q15_mve.h"

static inline void first_stage(uint32_t *values, int32_t points, int32_t radix, int32_t shift) {
  if (radix == 2) {
    __asm__ volatile(
        "   dls lr, %[count]\n"
        "1: vld20.32 {q0, q1}, [%[values]]\n"
        "   vld21.32 {q0, q1}, [%[values]]\n"
        "   vshl.s16 q0, %[shift]\n"
        "   vshl.s16 q1, %[shift]\n"
        "   vqrdmulh.s16 q0, q0, %[half]\n"
        "   vqrdmulh.s16 q1, q1, %[half]\n"
        "   vadd.i16 q2, q0, q1\n"
        "   vsub.i16 q3, q0, q1\n"
        "   vst20.32 {q2, q3}, [%[values]]\n"
        "   vst21.32 {q2, q3}, [%[values]]!\n"
        "   le lr, 1b\n"
        : [values] "+r"(values)
        : [count] "r"(points / 8), [shift] "r"(shift), [half] "r"(Q15_ONE / 2)
        : "q0", "q1", "q2", "q3", "lr", "memory");
    return;
  }
  __asm__ volatile(
      "   dls lr, %[count]\n"
      "1: vld40.32 {q0, q1, q2, q3}, [%[values]]\n"
      "   vld41.32 {q0, q1, q2, q3}, [%[values]]\n"
      "   vld42.32 {q0, q1, q2, q3}, [%[values]]\n"
      "   vld43.32 {q0, q1, q2, q3}, [%[values]]\n"
      "   vshl.s16 q0, %[shift]\n"
      "   vshl.s16 q1, %[shift]\n"
      "   vshl.s16 q2, %[shift]\n"
      "   vshl.s16 q3, %[shift]\n"
      "   vqrdmulh.s16 q0, q0, %[quarter]\n"
      "   vqrdmulh.s16 q1, q1, %[quarter]\n"
      "   vqrdmulh.s16 q2, q2, %[quarter]\n"
      "   vqrdmulh.s16 q3, q3, %[quarter]\n"
      "   vadd.i16 q4, q0, q2\n"
      "   vsub.i16 q5, q0, q2\n"
      "   vadd.i16 q6, q1, q3\n"
      "   vsub.i16 q7, q1, q3\n"
      "   vadd.i16 q0, q4, q6\n"
      "   vcadd.i16 q1, q5, q7, #270\n"
      "   vsub.i16 q2, q4, q6\n"
      "   vcadd.i16 q3, q5, q7, #90\n"
      "   vst40.32 {q0, q1, q2, q3}, [%[values]]\n"
      "   vst41.32 {q0, q1, q2, q3}, [%[values]]\n"
      "   vst42.32 {q0, q1, q2, q3}, [%[values]]\n"
      "   vst43.32 {q0, q1, q2, q3}, [%[values]]!\n"
      "   le lr, 1b\n"
      : [values] "+r"(values)
      : [count] "r"(points / 16), [shift] "r"(shift), [quarter] "r"(Q15_ONE / 4)
      : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "lr", "memory");
}

/* A factor's vector times a quarter's, which is in q7 and then in `to`. */
#define TURN(to, values, factors)        \
  "   vldrw.32 q7, [%[" values           \
  "]]\n"                                 \
  "   vldrw.32 q1, [%[" factors          \
  "]], #16\n"                            \
  "   vqrdmulh.s16 q7, q7, %[quarter]\n" \
  "   vqrdmlsdh.s16 " to                 \
  ", q7, q1\n"                           \
  "   vqrdmladhx.s16 " to ", q7, q1\n"

static inline void row_of_four(uint32_t *values, int32_t span, const uint32_t *factors) {
  uint32_t *second = values + span, *third = second + span, *fourth = third + span;
  const uint32_t *next = factors + span, *last = next + span;
  __asm__ volatile(
      "   dlstp.32 lr, %[span]\n"
      "1: vldrw.32 q0, [%[first]]\n"
      "   vqrdmulh.s16 q0, q0, %[quarter]\n"
      TURN("q4", "second", "factors")
      TURN("q5", "third", "next")
      TURN("q6", "fourth", "last")
      "   vadd.i16 q1, q0, q5\n"
      "   vsub.i16 q2, q0, q5\n"
      "   vadd.i16 q3, q4, q6\n"
      "   vsub.i16 q7, q4, q6\n"
      "   vadd.i16 q0, q1, q3\n"
      "   vsub.i16 q4, q1, q3\n"
      "   vcadd.i16 q5, q2, q7, #270\n"
      "   vcadd.i16 q6, q2, q7, #90\n"
      "   vstrw.32 q0, [%[first]], #16\n"
      "   vstrw.32 q5, [%[second]], #16\n"
      "   vstrw.32 q4, [%[third]], #16\n"
      "   vstrw.32 q6, [%[fourth]], #16\n"
      "   letp lr, 1b\n"
      : [first] "+r"(values), [second] "+r"(second), [third] "+r"(third), [fourth] "+r"(fourth),
        [factors] "+r"(factors), [next] "+r"(next), [last] "+r"(last)
      : [span] "r"(span), [quarter] "r"(Q15_ONE / 4)
      : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "lr", "memory");
}

#include "transform_stages.h"

#endif /* KERNELS_AUDIO_TRANSFORM_MVE_H_ */
