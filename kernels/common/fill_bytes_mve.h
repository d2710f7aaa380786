/* SPDX-License-Identifier: Apache-2.0
 *
 * memset of some bytes with Helium.
 */
#ifndef KERNELS_COMMON_FILL_BYTES_MVE_H_
#define KERNELS_COMMON_FILL_BYTES_MVE_H_

#include <arm_mve.h>
#include <stdint.h>

/* Fills count >= 0 bytes. */
static inline void fill_bytes_mve(int8_t *to, int8_t value, int32_t count) {
  const int8x16_t values = vdupq_n_s8(value);
  __asm__ volatile(
      "   wlstp.8 lr, %[count], 2f\n"
      "1: vstrb.8 %q[values], [%[to]], #16\n"
      "   letp lr, 1b\n"
      "2:\n"
      : [to] "+r"(to)
      : [count] "r"(count), [values] "w"(values)
      : "lr", "memory");
}

#endif /* KERNELS_COMMON_FILL_BYTES_MVE_H_ */
