/* SPDX-License-Identifier: Apache-2.0
 *
 * Four outputs of a matrix product of int16, for kernels of the Armv7E-M DSP extension.
 */
#ifndef KERNELS_COMMON_PRODUCT_S16_DSP_H_
#define KERNELS_COMMON_PRODUCT_S16_DSP_H_

#include "tile_s16_dsp.h"

#define PRODUCT_S16_OUTPUTS 4

#define PRODUCT_S16_MULTIPLY(weights, sum) \
  "sxtb16 r2, " #weights                   \
  "\n\t"                                   \
  "smlad " #sum ", r3, r2, " #sum          \
  "\n\t"                                   \
  "sxtb16 r2, " #weights                   \
  ", ror #8\n\t"                           \
  "smlad " #sum ", r4, r2, " #sum "\n\t"

/* Four inputs, 72 bytes. r0 weights, r1 inputs, r9-r12 sums. */
#define PRODUCT_S16_BLOCK                                                                \
  "ldm.w r0!, {r5, r6, r7, r8}\n\t"                                                      \
  "ldrd r3, r4, [r1], #8\n\t" PRODUCT_S16_MULTIPLY(r5, r9) PRODUCT_S16_MULTIPLY(r6, r10) \
      PRODUCT_S16_MULTIPLY(r7, r11) PRODUCT_S16_MULTIPLY(r8, r12)

#endif /* KERNELS_COMMON_PRODUCT_S16_DSP_H_ */
