/* SPDX-License-Identifier: Apache-2.0
 *
 * Complex values that are pairs. The file that includes this one has complex_part, the sums and
 * products of parts, and halves and quarters, which are no such where nothing need stay small.
 */
#ifndef KERNELS_SIGNAL_COMPLEX_PAIRS_H_
#define KERNELS_SIGNAL_COMPLEX_PAIRS_H_

#include <stdint.h>

struct complex_pair {
  complex_part re;
  complex_part im;
};

typedef struct complex_pair complex_value;
typedef struct complex_pair complex_cell;

static inline struct complex_pair complex_of(complex_part re, complex_part im) {
  const struct complex_pair out = {re, im};
  return out;
}

static inline complex_part real_part(struct complex_pair z) {
  return z.re;
}

static inline complex_part imaginary_part(struct complex_pair z) {
  return z.im;
}

static inline struct complex_pair get_complex(const struct complex_pair *cell) {
  return *cell;
}

static inline void put_complex(struct complex_pair *cell, struct complex_pair z) {
  *cell = z;
}

static inline struct complex_pair factor_at(const complex_part *factors, int32_t number) {
  return complex_of(factors[2 * number], factors[2 * number + 1]);
}

static inline struct complex_pair complex_half(struct complex_pair z) {
  return complex_of(half_part(z.re), half_part(z.im));
}

static inline struct complex_pair complex_quarter(struct complex_pair z) {
  return complex_of(quarter_part(z.re), quarter_part(z.im));
}

static inline struct complex_pair complex_conjugate(struct complex_pair z) {
  return complex_of(z.re, part_subtract(0, z.im));
}

static inline struct complex_pair complex_multiply(struct complex_pair a, struct complex_pair b) {
  return complex_of(product_difference(a.re, b.re, a.im, b.im),
                    product_sum(a.re, b.im, a.im, b.re));
}

static inline struct complex_pair complex_turned_quarter(struct complex_pair z,
                                                         const complex_part *factor) {
  return complex_multiply(complex_quarter(z), factor_at(factor, 0));
}

#include "../audio/complex_stages.h"

/* Bins k and points - k of a real transform, of values k and points - k of the complex one. */
static inline void complex_split(struct complex_pair *near, struct complex_pair *far,
                                 struct complex_pair factor) {
  const struct complex_pair a = complex_half(*near), b = complex_half(complex_conjugate(*far));
  const struct complex_pair sum = complex_add(a, b);
  const struct complex_pair turned = complex_multiply(complex_subtract(a, b), factor);
  *near = complex_of(half_sum(part_add(sum.re, turned.re)), half_sum(part_add(sum.im, turned.im)));
  *far = complex_of(half_sum(part_subtract(sum.re, turned.re)),
                    half_sum(part_subtract(turned.im, sum.im)));
}

static inline void transform(struct complex_pair *values, int32_t points,
                             const complex_part *twiddles, int32_t shift) {
  (void)shift;
  transform_pairs(values, points, twiddles);
}

#endif /* KERNELS_SIGNAL_COMPLEX_PAIRS_H_ */
