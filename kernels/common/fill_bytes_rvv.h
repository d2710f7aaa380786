/* SPDX-License-Identifier: Apache-2.0
 *
 * Zero points beside an image, with vectors of RISC-V.
 */
#ifndef KERNELS_COMMON_FILL_BYTES_RVV_H_
#define KERNELS_COMMON_FILL_BYTES_RVV_H_

#include <stdint.h>

#include "asm_function.h"

/* Sets count > 0 bytes to a value. */
ASM_FUNCTION static void fill_bytes_rvv(__attribute__((unused)) int8_t *to,
                                        __attribute__((unused)) int32_t value,
                                        __attribute__((unused)) int32_t count) {
  __asm__ volatile(
      "   vsetvli t0, a2, e8, m8, ta, ma\n"
      "   vmv.v.x v0, a1\n"
      "1: vsetvli t0, a2, e8, m8, ta, ma\n"
      "   sub a2, a2, t0\n"
      "   vse8.v v0, (a0)\n"
      "   add a0, a0, t0\n"
      "   bnez a2, 1b\n"
      "   ret\n" ::
          : "memory");
}

#endif /* KERNELS_COMMON_FILL_BYTES_RVV_H_ */
