/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of products of two rows of int8 or int16, for the Armv7E-M DSP extension. Rows may start
 * anywhere.
 */
#ifndef KERNELS_COMMON_PRODUCTS_DSP_H_
#define KERNELS_COMMON_PRODUCTS_DSP_H_

#include <arm_acle.h>
#include <stdint.h>
#include <string.h>

/* Bytes 1 and 3, sign extended. */
static inline int16x2_t odd_bytes_dsp(uint32_t word) {
  int16x2_t odd;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(word));
  return odd;
}

/* sum + the products of four bytes. */
static inline int32_t add_four_products_dsp(int32_t sum, const int8_t *a, const int8_t *b) {
  uint32_t x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  sum = __smlad(__sxtb16((int8x4_t)x), __sxtb16((int8x4_t)y), sum);
  return __smlad(odd_bytes_dsp(x), odd_bytes_dsp(y), sum);
}

/* sum + the products of two rows. */
static inline int32_t add_products_dsp(int32_t sum, const int8_t *in, const int8_t *weights,
                                       int32_t left) {
  for (; left >= 16; left -= 16) {
    sum = add_four_products_dsp(sum, in, weights);
    sum = add_four_products_dsp(sum, in + 4, weights + 4);
    sum = add_four_products_dsp(sum, in + 8, weights + 8);
    sum = add_four_products_dsp(sum, in + 12, weights + 12);
    in += 16;
    weights += 16;
  }
  for (; left >= 4; left -= 4) {
    sum = add_four_products_dsp(sum, in, weights);
    in += 4;
    weights += 4;
  }
  for (; left > 0; left--) {
    sum += *in++ * *weights++;
  }
  return sum;
}

/* The same of int16; sums wrap around. */
static inline int32_t add_products_s16_dsp(int32_t sum, const int8_t *in, const int8_t *weights,
                                           int32_t left) {
  for (; left >= 2; left -= 2) {
    int16x2_t x, y;
    memcpy(&x, in, sizeof x);
    memcpy(&y, weights, sizeof y);
    sum = __smlad(x, y, sum);
    in += sizeof x;
    weights += sizeof y;
  }
  if (left) {
    int16_t x, y;
    memcpy(&x, in, sizeof x);
    memcpy(&y, weights, sizeof y);
    sum = (int32_t)((uint32_t)sum + (uint32_t)(x * y));
  }
  return sum;
}

#endif /* KERNELS_COMMON_PRODUCTS_DSP_H_ */
