/* SPDX-License-Identifier: Apache-2.0
 *
 * Complex int16 values in a word, in portable C. Sums wrap around.
 */
#ifndef KERNELS_AUDIO_COMPLEX_Q15_H_
#define KERNELS_AUDIO_COMPLEX_Q15_H_

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
  return ((uint32_t)re & 0xFFFF) | (uint32_t)im << 16;
}

static inline int32_t round_q15(int32_t product) {
  return (product + Q15_HALF) >> 15;
}

static inline uint32_t complex_add(uint32_t a, uint32_t b) {
  return complex_of(real_part(a) + real_part(b), imaginary_part(a) + imaginary_part(b));
}

static inline uint32_t complex_subtract(uint32_t a, uint32_t b) {
  return complex_of(real_part(a) - real_part(b), imaginary_part(a) - imaginary_part(b));
}

/* a - i b */
static inline uint32_t complex_subtract_turned(uint32_t a, uint32_t b) {
  return complex_of(real_part(a) + imaginary_part(b), imaginary_part(a) - real_part(b));
}

/* a + i b */
static inline uint32_t complex_add_turned(uint32_t a, uint32_t b) {
  return complex_of(real_part(a) - imaginary_part(b), imaginary_part(a) + real_part(b));
}

static inline uint32_t complex_multiply(uint32_t a, uint32_t b) {
  const int32_t ar = real_part(a), ai = imaginary_part(a);
  const int32_t br = real_part(b), bi = imaginary_part(b);
  return complex_of(round_q15(ar * br - ai * bi), round_q15(ar * bi + ai * br));
}

/* Both parts times a factor of 15 bits. */
static inline uint32_t complex_scale(uint32_t z, int32_t factor) {
  return complex_of(round_q15(real_part(z) * factor), round_q15(imaginary_part(z) * factor));
}

/* 0 - im wraps around. */
static inline uint32_t complex_conjugate(uint32_t z) {
  return complex_of(real_part(z), -imaginary_part(z));
}

/* Bins k and points - k of a real transform, of values k and points - k of the complex one. */
static inline void complex_split(uint32_t *near, uint32_t *far, uint32_t factor) {
  const uint32_t a = complex_scale(*near, Q15_ONE / 2);
  const uint32_t b = complex_scale(complex_conjugate(*far), Q15_ONE / 2);
  const uint32_t sum = complex_add(a, b);
  const uint32_t turned = complex_multiply(complex_subtract(a, b), factor);
  const int32_t re = real_part(sum), im = imaginary_part(sum);
  const int32_t turned_re = real_part(turned), turned_im = imaginary_part(turned);
  *near = complex_of((re + turned_re) >> 1, (im + turned_im) >> 1);
  *far = complex_of((re - turned_re) >> 1, (turned_im - im) >> 1);
}

#endif /* KERNELS_AUDIO_COMPLEX_Q15_H_ */
