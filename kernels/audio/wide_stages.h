/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages of the transform in 32 bits; the file that includes this one has high_product.
 *
 * As in transform_stages.h, a stage of radix r and span m makes transforms of r m points of r
 * neighbouring ones of m points. Factors are in steps of 2^-30, so that a product is divided by 4.
 */
#ifndef KERNELS_AUDIO_WIDE_STAGES_H_
#define KERNELS_AUDIO_WIDE_STAGES_H_

#include "audio_wide.h"

struct wide_complex {
  int32_t re;
  int32_t im;
};

static inline struct wide_complex quarter_of(const union audio_bin *bin) {
  const struct wide_complex out = {(bin->z.re + 2) >> 2, (bin->z.im + 2) >> 2};
  return out;
}

static inline struct wide_complex turned_quarter(const union audio_bin *bin,
                                                 const int32_t *factor) {
  const int32_t re = bin->z.re, im = bin->z.im;
  const struct wide_complex out = {
      high_product(re, factor[0]) - high_product(im, factor[1]),
      high_product(re, factor[1]) + high_product(im, factor[0]),
  };
  return out;
}

static inline void put_complex(union audio_bin *bin, int32_t re, int32_t im) {
  bin->z.re = re;
  bin->z.im = im;
}

static inline void wide_butterfly(union audio_bin *bins, int32_t span, struct wide_complex a,
                                  struct wide_complex b, struct wide_complex c,
                                  struct wide_complex d) {
  const int32_t even_re = a.re + c.re, even_im = a.im + c.im;
  const int32_t odd_re = a.re - c.re, odd_im = a.im - c.im;
  const int32_t total_re = b.re + d.re, total_im = b.im + d.im;
  const int32_t rest_re = b.re - d.re, rest_im = b.im - d.im;
  put_complex(bins, even_re + total_re, even_im + total_im);
  put_complex(bins + span, odd_re + rest_im, odd_im - rest_re);
  put_complex(bins + 2 * span, even_re - total_re, even_im - total_im);
  put_complex(bins + 3 * span, odd_re - rest_im, odd_im + rest_re);
}

static inline void wide_first_stage(union audio_bin *bins, int32_t points, int32_t radix) {
  for (const union audio_bin *const end = bins + points; bins != end; bins += radix) {
    if (radix == 2) {
      const int32_t a = (bins[0].z.re + 1) >> 1, b = (bins[1].z.re + 1) >> 1;
      const int32_t c = (bins[0].z.im + 1) >> 1, d = (bins[1].z.im + 1) >> 1;
      put_complex(bins, a + b, c + d);
      put_complex(bins + 1, a - b, c - d);
    } else {
      wide_butterfly(bins, 1, quarter_of(bins), quarter_of(bins + 1), quarter_of(bins + 2),
                     quarter_of(bins + 3));
    }
  }
}

static inline void wide_transform(union audio_bin *bins, int32_t points, const int32_t *twiddles) {
  int32_t radix = 4;
  for (int32_t left = points; left > 1; left >>= 2) {
    radix = left == 2 ? 2 : 4;
  }
  wide_first_stage(bins, points, radix);
  for (int32_t span = radix; span < points; span *= 4) {
    for (int32_t first = 0; first < points; first += 4 * span) {
      const int32_t *factor = twiddles;
      union audio_bin *bin = bins + first;
      for (const union audio_bin *const end = bin + span; bin != end; bin++) {
        const struct wide_complex a = quarter_of(bin);
        const struct wide_complex b = turned_quarter(bin + span, factor);
        const struct wide_complex c = turned_quarter(bin + 2 * span, factor + 2);
        const struct wide_complex d = turned_quarter(bin + 3 * span, factor + 4);
        wide_butterfly(bin, span, a, b, c, d);
        factor += 6;
      }
    }
    twiddles += 6 * span;
  }
}

#endif /* KERNELS_AUDIO_WIDE_STAGES_H_ */
