/* SPDX-License-Identifier: Apache-2.0
 *
 * Bins of the real transform, halved, and a value of each; the file that includes this one has
 * high_product and value_of.
 */
#ifndef KERNELS_AUDIO_WIDE_SPLIT_H_
#define KERNELS_AUDIO_WIDE_SPLIT_H_

#include "audio_wide.h"

static inline uint64_t wide_energy(int32_t re, int32_t im) {
  return (uint64_t)((int64_t)re * re) + (uint64_t)((int64_t)im * im);
}

static inline void wide_split(const struct audio_wide_spectrum *op, union audio_bin *bins) {
  const int32_t *factor = op->split;
  union audio_bin *near = bins + 1, *far = bins + op->points - 1;
  for (int32_t left = op->points / 2; left > 0; left--) {
    const int32_t a_re = (near->z.re + 1) >> 1, a_im = (near->z.im + 1) >> 1;
    const int32_t b_re = (far->z.re + 1) >> 1, b_im = (1 - far->z.im) >> 1;
    const int32_t re = a_re - b_re, im = a_im - b_im;
    const int32_t turned_re = high_product(re, factor[0]) - high_product(im, factor[1]);
    const int32_t turned_im = high_product(re, factor[1]) + high_product(im, factor[0]);
    const int32_t sum_re = (a_re + b_re + 1) >> 1, sum_im = (a_im + b_im + 1) >> 1;
    /* The bin in the middle is both; what counts is the second. */
    near->value = value_of(wide_energy(sum_re + turned_re, sum_im + turned_im));
    far->value = value_of(wide_energy(sum_re - turned_re, turned_im - sum_im));
    near++;
    far--;
    factor += 2;
  }
}

#endif /* KERNELS_AUDIO_WIDE_SPLIT_H_ */
