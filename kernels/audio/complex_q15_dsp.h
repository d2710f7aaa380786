/* SPDX-License-Identifier: Apache-2.0
 *
 * complex_q15.h with the DSP extension: a sum is one instruction, a product or a scaling four.
 */
#ifndef KERNELS_AUDIO_COMPLEX_Q15_DSP_H_
#define KERNELS_AUDIO_COMPLEX_Q15_DSP_H_

#include <stdint.h>

#define Q15_HALF (1 << 14)
#define Q15_ONE 32767

static inline int32_t real_part(uint32_t z) {
  return (int16_t)(z & 0xFFFF);
}

static inline int32_t imaginary_part(uint32_t z) {
  return (int16_t)(z >> 16);
}

static inline uint32_t complex_of(int32_t re, int32_t im) {
  uint32_t out;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(out) : "r"(re), "r"(im));
  return out;
}

#define PAIR_OPERATION(name, instruction)                                   \
  static inline uint32_t name(uint32_t a, uint32_t b) {                     \
    uint32_t out;                                                           \
    __asm__(instruction " %0, %1, %2" : "=r"(out) : "r"(a), "r"(b) : "cc"); \
    return out;                                                             \
  }

PAIR_OPERATION(complex_add, "sadd16")
PAIR_OPERATION(complex_subtract, "ssub16")
PAIR_OPERATION(complex_subtract_turned, "ssax")
PAIR_OPERATION(complex_add_turned, "sasx")
PAIR_OPERATION(complex_half_sum, "shadd16")
PAIR_OPERATION(complex_half_difference, "shsub16")

/* Two Q15 products, rounded before, in one word. */
static inline uint32_t complex_pack(int32_t re, int32_t im) {
  uint32_t out;
  __asm__("pkhtb %0, %1, %2, asr #15" : "=r"(out) : "r"((uint32_t)im << 1), "r"(re));
  return out;
}

static inline uint32_t complex_multiply(uint32_t a, uint32_t b) {
  int32_t re, im;
  __asm__("smlsd %0, %1, %2, %3" : "=r"(re) : "r"(a), "r"(b), "r"(Q15_HALF));
  __asm__("smladx %0, %1, %2, %3" : "=r"(im) : "r"(a), "r"(b), "r"(Q15_HALF));
  return complex_pack(re, im);
}

/* Products of both parts with a factor, and an addend. */
static inline int32_t scale_real(uint32_t z, int32_t factor, int32_t addend) {
  int32_t out;
  __asm__("smlabb %0, %1, %2, %3" : "=r"(out) : "r"(z), "r"(factor), "r"(addend) : "cc");
  return out;
}

static inline int32_t scale_imaginary(uint32_t z, int32_t factor, int32_t addend) {
  int32_t out;
  __asm__("smlatb %0, %1, %2, %3" : "=r"(out) : "r"(z), "r"(factor), "r"(addend) : "cc");
  return out;
}

static inline uint32_t complex_scale(uint32_t z, int32_t factor) {
  return complex_pack(scale_real(z, factor, Q15_HALF), scale_imaginary(z, factor, Q15_HALF));
}

/* The conjugate: 0 - im wraps around. */
static inline uint32_t complex_conjugate(uint32_t z) {
  uint32_t negated, out;
  __asm__("ssub16 %0, %1, %2" : "=r"(negated) : "r"(0), "r"(z) : "cc");
  __asm__("pkhbt %0, %1, %2" : "=r"(out) : "r"(z), "r"(negated));
  return out;
}

/* Bins k and points - k of a real transform, of values k and points - k of the complex one. */
static inline void complex_split(uint32_t *near, uint32_t *far, uint32_t factor) {
  const uint32_t a = complex_scale(*near, Q15_ONE / 2);
  const uint32_t b = complex_scale(complex_conjugate(*far), Q15_ONE / 2);
  const uint32_t sum = complex_add(a, b);
  const uint32_t turned = complex_multiply(complex_subtract(a, b), factor);
  const uint32_t re = complex_half_difference(sum, turned);
  const uint32_t im = complex_half_difference(turned, sum);
  *near = complex_half_sum(sum, turned);
  __asm__("pkhbt %0, %1, %2" : "=r"(*far) : "r"(re), "r"(im));
}

#endif /* KERNELS_AUDIO_COMPLEX_Q15_DSP_H_ */
