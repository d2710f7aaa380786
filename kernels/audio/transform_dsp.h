/* SPDX-License-Identifier: Apache-2.0
 *
 * The transform with the DSP extension: 51 instructions for four values of a stage.
 */
#ifndef KERNELS_AUDIO_TRANSFORM_DSP_H_
#define KERNELS_AUDIO_TRANSFORM_DSP_H_

#include "complex_q15_dsp.h"

/* (x 2^shift factor + 2^14) >> 15, without the shift to the left. */
static inline uint32_t complex_scale_shifted(uint32_t z, int32_t factor, int32_t shift) {
  const int32_t half = Q15_HALF >> shift;
  const int32_t re = scale_real(z, factor, half) >> (15 - shift);
  const uint32_t im = (uint32_t)scale_imaginary(z, factor, half) << (1 + shift);
  uint32_t out;
  __asm__("pkhbt %0, %1, %2" : "=r"(out) : "r"(re), "r"(im));
  return out;
}

#include "butterfly.h"

#define SCALE(z)              \
  "smlabb %[t], " z           \
  ", %[quarter], %[half]\n\t" \
  "smlatb " z ", " z          \
  ", %[quarter], %[half]\n\t" \
  "lsl " z ", " z             \
  ", #1\n\t"                  \
  "pkhtb " z ", " z ", %[t], asr #15\n\t"

#define MULTIPLY(z, address) \
  "ldr %[w], " address       \
  "\n\t"                     \
  "smlsd %[t], " z           \
  ", %[w], %[half]\n\t"      \
  "smladx " z ", " z         \
  ", %[w], %[half]\n\t"      \
  "lsl " z ", " z            \
  ", #1\n\t"                 \
  "pkhtb " z ", " z ", %[t], asr #15\n\t"

/* One statement: the compiler keeps four pointers where one and an offset do, and spills. */
static inline void row_of_four(uint32_t *values, int32_t span, const uint32_t *factors) {
  const uint32_t *const last = values + span;
  const int32_t step = span * (int32_t)sizeof *values;
  uint32_t a, b, c, d, t, w;
  __asm__ volatile(
      "1:\n\t"
      "ldr %[c], [%[values], %[step], lsl #1]\n\t"
      "add %[d], %[values], %[step], lsl #1\n\t"
      "ldr %[d], [%[d], %[step]]\n\t"
      SCALE("%[c]")
      MULTIPLY("%[c]", "[%[factors], %[step]]")
      SCALE("%[d]")
      MULTIPLY("%[d]", "[%[factors], %[step], lsl #1]")
      "ldr %[a], [%[values]]\n\t"
      "ldr %[b], [%[values], %[step]]\n\t"
      SCALE("%[a]")
      SCALE("%[b]")
      MULTIPLY("%[b]", "[%[factors]], #4")
      "sadd16 %[t], %[a], %[c]\n\t"
      "ssub16 %[a], %[a], %[c]\n\t"
      "sadd16 %[c], %[b], %[d]\n\t"
      "ssub16 %[b], %[b], %[d]\n\t"
      "sadd16 %[d], %[t], %[c]\n\t"
      "ssub16 %[t], %[t], %[c]\n\t"
      "ssax %[c], %[a], %[b]\n\t"
      "sasx %[a], %[a], %[b]\n\t"
      "add %[w], %[values], %[step], lsl #1\n\t"
      "str %[c], [%[values], %[step]]\n\t"
      "str %[t], [%[values], %[step], lsl #1]\n\t"
      "str %[a], [%[w], %[step]]\n\t"
      "str %[d], [%[values]], #4\n\t"
      "cmp %[values], %[last]\n\t"
      "bne 1b"
      : [values] "+r"(values), [factors] "+r"(factors), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c),
        [d] "=&r"(d), [t] "=&r"(t), [w] "=&r"(w)
      : [last] "r"(last), [step] "r"(step), [quarter] "r"(Q15_ONE / 4), [half] "r"(Q15_HALF)
      : "cc", "memory");
}

#include "first_stage.h"
#include "transform_stages.h"

#endif /* KERNELS_AUDIO_TRANSFORM_DSP_H_ */
