/* SPDX-License-Identifier: Apache-2.0
 *
 * Complex int16 values with Helium, four in a vector, real parts first. Sums wrap around, and so
 * do rounded products, for which 32 bits are kept where they may not fit.
 */
#ifndef KERNELS_AUDIO_COMPLEX_Q15_MVE_H_
#define KERNELS_AUDIO_COMPLEX_Q15_MVE_H_

#include <arm_mve.h>
#include <stdint.h>

#define Q15_ONE 32767

struct bins_mve {
  int16x8_t near;
  int16x8_t far;
};

/* Imaginary parts as a predicate. gcc 12 takes a constant one for another, so it is not to see. */
static inline mve_pred16_t imaginary_parts(void) {
  uint32_t bits = 0xCCCC;
  __asm__("" : "+r"(bits));
  return (mve_pred16_t)bits;
}

static inline int16x8_t half4(int16x8_t z) {
  return vqrdmulhq_n_s16(z, Q15_ONE / 2);
}

/* 0 - im wraps around. */
static inline int16x8_t conjugate4(int16x8_t z, mve_pred16_t imaginary) {
  return vnegq_m_s16(z, z, imaginary);
}

static inline int16x8_t multiply4(int16x8_t z, int16x8_t factors) {
  const int16x8_t crossed = vrev32q_s16(factors);
  const int32x4_t re = vsubq_s32(vmullbq_int_s16(z, factors), vmulltq_int_s16(z, factors));
  const int32x4_t im = vaddq_s32(vmullbq_int_s16(z, crossed), vmulltq_int_s16(z, crossed));
  return vrshrntq_n_s32(vrshrnbq_n_s32(z, re, 15), im, 15);
}

/* Bins k and points - k of a real transform, of values k and points - k of the complex one. */
static inline struct bins_mve split4(int16x8_t near, int16x8_t far, int16x8_t factors,
                                     mve_pred16_t imaginary) {
  const int16x8_t a = half4(near), b = half4(conjugate4(far, imaginary));
  const int16x8_t sum = vaddq_s16(a, b);
  const int16x8_t turned = multiply4(vsubq_s16(a, b), factors);
  struct bins_mve out;
  out.near = vhaddq_s16(sum, turned);
  out.far = vhsubq_m_s16(vhsubq_s16(sum, turned), turned, sum, imaginary);
  return out;
}

#endif /* KERNELS_AUDIO_COMPLEX_Q15_MVE_H_ */
