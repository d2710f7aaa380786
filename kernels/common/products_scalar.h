/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of products of 4, 2 or 1 vectors of int8, which lie behind each other, with two others, for
 * cores that multiply one pair of 32 bits at a time.
 */
#ifndef KERNELS_COMMON_PRODUCTS_SCALAR_H_
#define KERNELS_COMMON_PRODUCTS_SCALAR_H_

#include <stdint.h>

#define TILE_PIXELS 4
#define TILE_CHANNELS 2

typedef int32_t tile_sums[TILE_CHANNELS][TILE_PIXELS];

/* One input of every pixel for two channels. What follows is not drawn forward over the last line,
 * as it would not find registers. */
#define ADD_PRODUCTS(k)                                                                            \
  do {                                                                                             \
    const int32_t first = weights[k], second = other[k];                                           \
    s00 += in0[k] * first;                                                                         \
    s01 += in0[k] * second;                                                                        \
    if (pixels > 1) {                                                                              \
      s10 += in1[k] * first;                                                                       \
      s11 += in1[k] * second;                                                                      \
    }                                                                                              \
    if (pixels > 2) {                                                                              \
      s20 += in2[k] * first;                                                                       \
      s21 += in2[k] * second;                                                                      \
      s30 += in3[k] * first;                                                                       \
      s31 += in3[k] * second;                                                                      \
    }                                                                                              \
    __asm__ volatile("" : "+r"(weights), "+r"(other), "+r"(in0), "+r"(in1), "+r"(in2), "+r"(in3)); \
  } while (0)

/* Two channels of some pixels, a constant wherever this is inlined; the weights of the second lie
 * `next` bytes behind the first's. */
static inline __attribute__((always_inline)) void multiply(const int8_t *inputs,
                                                           const int8_t *weights, int32_t next,
                                                           int32_t count, tile_sums sums,
                                                           int32_t pixels) {
  const int8_t *in0 = inputs;
  const int8_t *in1 = pixels > 1 ? in0 + count : in0;
  const int8_t *in2 = pixels > 2 ? in1 + count : in0;
  const int8_t *in3 = pixels > 2 ? in2 + count : in0;
  const int8_t *other = weights + next;
  const int8_t *const end = weights + count;
  int32_t s00 = 0, s10 = 0, s20 = 0, s30 = 0; /* pixel, channel */
  int32_t s01 = 0, s11 = 0, s21 = 0, s31 = 0;
  while (end - weights >= 4) {
    ADD_PRODUCTS(0);
    ADD_PRODUCTS(1);
    ADD_PRODUCTS(2);
    ADD_PRODUCTS(3);
    in0 += 4;
    in1 += 4;
    in2 += 4;
    in3 += 4;
    weights += 4;
    other += 4;
  }
  while (weights < end) {
    ADD_PRODUCTS(0);
    in0++;
    in1++;
    in2++;
    in3++;
    weights++;
    other++;
  }
  sums[0][0] = s00;
  sums[0][1] = s10;
  sums[0][2] = s20;
  sums[0][3] = s30;
  sums[1][0] = s01;
  sums[1][1] = s11;
  sums[1][2] = s21;
  sums[1][3] = s31;
}

/* Not inlined, as each loop wants all registers. */
static __attribute__((noinline, unused)) void multiply_four(const int8_t *inputs,
                                                            const int8_t *weights, int32_t next,
                                                            int32_t count, tile_sums sums) {
  multiply(inputs, weights, next, count, sums, 4);
}

static __attribute__((noinline, unused)) void multiply_two(const int8_t *inputs,
                                                           const int8_t *weights, int32_t next,
                                                           int32_t count, tile_sums sums) {
  multiply(inputs, weights, next, count, sums, 2);
}

static __attribute__((noinline, unused)) void multiply_one(const int8_t *inputs,
                                                           const int8_t *weights, int32_t next,
                                                           int32_t count, tile_sums sums) {
  multiply(inputs, weights, next, count, sums, 1);
}

#endif /* KERNELS_COMMON_PRODUCTS_SCALAR_H_ */
