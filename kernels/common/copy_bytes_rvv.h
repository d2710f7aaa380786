/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of bytes with vectors of RISC-V: most are short, and a call of the C library's costs more.
 */
#ifndef KERNELS_COMMON_COPY_BYTES_RVV_H_
#define KERNELS_COMMON_COPY_BYTES_RVV_H_

#include <stdint.h>

#include "asm_function.h"

/* Copies count > 0 bytes. */
ASM_FUNCTION static void copy_bytes_rvv(__attribute__((unused)) int8_t *to,
                                        __attribute__((unused)) const int8_t *from,
                                        __attribute__((unused)) int32_t count) {
  __asm__ volatile(
      "1: vsetvli t0, a2, e8, m8, ta, ma\n"
      "   vle8.v v0, (a1)\n"
      "   sub a2, a2, t0\n"
      "   add a1, a1, t0\n"
      "   vse8.v v0, (a0)\n"
      "   add a0, a0, t0\n"
      "   bnez a2, 1b\n"
      "   ret\n" ::
          : "memory");
}

#endif /* KERNELS_COMMON_COPY_BYTES_RVV_H_ */
