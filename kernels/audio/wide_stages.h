/* SPDX-License-Identifier: Apache-2.0
 *
 * The transform in 32 bits; the file that includes this one has high_product.
 *
 * Factors are in steps of 2^-30, so that a product is divided by 4.
 */
#ifndef KERNELS_AUDIO_WIDE_STAGES_H_
#define KERNELS_AUDIO_WIDE_STAGES_H_

#include "audio_wide.h"

typedef int32_t complex_part;

struct complex_pair {
  int32_t re;
  int32_t im;
};

typedef union audio_bin complex_cell;

static inline struct complex_pair get_complex(const union audio_bin *bin) {
  const struct complex_pair out = {bin->z.re, bin->z.im};
  return out;
}

static inline void put_complex(union audio_bin *bin, struct complex_pair z) {
  bin->z.re = z.re;
  bin->z.im = z.im;
}

static inline int32_t part_add(int32_t a, int32_t b) {
  return a + b;
}

static inline int32_t part_subtract(int32_t a, int32_t b) {
  return a - b;
}

static inline struct complex_pair complex_half(struct complex_pair z) {
  const struct complex_pair out = {(z.re + 1) >> 1, (z.im + 1) >> 1};
  return out;
}

static inline struct complex_pair complex_quarter(struct complex_pair z) {
  const struct complex_pair out = {(z.re + 2) >> 2, (z.im + 2) >> 2};
  return out;
}

static inline struct complex_pair complex_turned_quarter(struct complex_pair z,
                                                         const int32_t *factor) {
  const struct complex_pair out = {
      high_product(z.re, factor[0]) - high_product(z.im, factor[1]),
      high_product(z.re, factor[1]) + high_product(z.im, factor[0]),
  };
  return out;
}

#include "complex_stages.h"

#endif /* KERNELS_AUDIO_WIDE_STAGES_H_ */
