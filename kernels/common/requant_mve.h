/* SPDX-License-Identifier: Apache-2.0
 *
 * requantize() for four channels at a time with Helium, where every shift is to the right or none:
 * VQRDMULH is the doubling high multiplication; VRSHL rounds half up, so negative values that are
 * going to be shifted are lowered by one first, which moves their ties away from zero.
 */
#ifndef KERNELS_COMMON_REQUANT_MVE_H_
#define KERNELS_COMMON_REQUANT_MVE_H_

#include <arm_mve.h>

/* shift in [-31, 0]. */
static inline int32x4_t requantize_mve(int32x4_t x, int32x4_t multiplier, int32x4_t shift) {
  const int32x4_t high = vqrdmulhq_s32(x, multiplier);
  const int32x4_t lower = vshrq_n_s32(vandq_s32(high, shift), 31);
  return vrshlq_s32(vqaddq_s32(high, lower), shift);
}

#endif /* KERNELS_COMMON_REQUANT_MVE_H_ */
