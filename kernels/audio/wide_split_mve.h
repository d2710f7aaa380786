/* SPDX-License-Identifier: Apache-2.0
 *
 * Bins of the real transform with Helium, halved, and a value of each: four bins and the four that
 * mirror them at a time, then values one by one. The file that includes this one has value_of.
 */
#ifndef KERNELS_AUDIO_WIDE_SPLIT_MVE_H_
#define KERNELS_AUDIO_WIDE_SPLIT_MVE_H_

#include <arm_mve.h>

#include "audio_wide.h"

static inline void split_bins(const struct audio_wide_spectrum *op, union audio_bin *bins) {
  const int32_t *factor = op->split;
  union audio_bin *near = bins + 1, *far = bins + op->points - 4;
  const uint32x4_t forwards = vidupq_n_u32(0, 8);
  const uint32x4_t backwards = vsubq_u32(vdupq_n_u32(24), forwards);
  for (int32_t left = op->points / 8; left > 0; left--) {
    const int32x4_t far_re = vrshrq_n_s32(vldrwq_gather_offset_s32(&far->z.re, backwards), 1);
    const int32x4_t mirrored = vnegq_s32(vldrwq_gather_offset_s32(&far->z.im, backwards));
    const int32x4_t near_re = vrshrq_n_s32(vldrwq_gather_offset_s32(&near->z.re, forwards), 1);
    const int32x4_t near_im = vrshrq_n_s32(vldrwq_gather_offset_s32(&near->z.im, forwards), 1);
    const int32x4_t far_im = vrshrq_n_s32(mirrored, 1);
    const int32x4_t re = vsubq_s32(near_re, far_re), im = vsubq_s32(near_im, far_im);
    const int32x4_t sum_re = vrhaddq_s32(near_re, far_re), sum_im = vrhaddq_s32(near_im, far_im);
    const int32x4_t cosine = vldrwq_gather_offset_s32(factor, forwards);
    const int32x4_t sine = vldrwq_gather_offset_s32(factor + 1, forwards);
    const int32x4_t turned_re = vsubq_s32(vrmulhq_s32(re, cosine), vrmulhq_s32(im, sine));
    const int32x4_t turned_im = vaddq_s32(vrmulhq_s32(re, sine), vrmulhq_s32(im, cosine));
    /* The bin in the middle is both; what counts is the second. */
    vstrwq_scatter_offset_s32(&near->z.re, forwards, vaddq_s32(sum_re, turned_re));
    vstrwq_scatter_offset_s32(&near->z.im, forwards, vaddq_s32(sum_im, turned_im));
    vstrwq_scatter_offset_s32(&far->z.re, backwards, vsubq_s32(sum_re, turned_re));
    vstrwq_scatter_offset_s32(&far->z.im, backwards, vsubq_s32(turned_im, sum_im));
    near += 4;
    far -= 4;
    factor += 8;
  }
}

static inline void wide_split(const struct audio_wide_spectrum *op, union audio_bin *bins) {
  split_bins(op, bins);
  const union audio_bin *const end = bins + op->points;
  while (++bins != end) {
    const int64_t re = bins->z.re, im = bins->z.im;
    bins->value = value_of((uint64_t)(re * re) + (uint64_t)(im * im));
  }
}

#endif /* KERNELS_AUDIO_WIDE_SPLIT_MVE_H_ */
