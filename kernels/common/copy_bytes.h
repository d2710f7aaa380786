/* SPDX-License-Identifier: Apache-2.0
 *
 * memcpy of what layers move, for runs of tens to hundreds of bytes: C libraries for
 * microcontrollers copy word by word. Here many registers, or vectors, are filled at once.
 */
#ifndef KERNELS_COMMON_COPY_BYTES_H_
#define KERNELS_COMMON_COPY_BYTES_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE

/* As memcpy; 3 instructions for 16 bytes. */
static inline void copy_bytes(void *to, const void *from, size_t bytes) {
  __asm__ volatile(
      "   wlstp.8 lr, %[bytes], 2f\n"
      "1: vldrb.8 q0, [%[from]], #16\n"
      "   vstrb.8 q0, [%[to]], #16\n"
      "   letp lr, 1b\n"
      "2:\n"
      : [to] "+r"(to), [from] "+r"(from)
      : [bytes] "r"(bytes)
      : "q0", "lr", "memory");
}

#elif defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 2

/* As memcpy; 4 instructions for 32 bytes between aligned words. */
static inline void copy_bytes(void *to, const void *from, size_t bytes) {
  if (bytes >= 32 && (((uintptr_t)to | (uintptr_t)from) & 3) == 0) {
    size_t blocks = bytes / 32;
    bytes %= 32;
    __asm__ volatile(
        "1: ldmia %[from]!, {r3, r4, r5, r6, r8, r10, r12, lr}\n"
        "   subs %[blocks], %[blocks], #1\n"
        "   stmia %[to]!, {r3, r4, r5, r6, r8, r10, r12, lr}\n"
        "   bne 1b\n"
        : [to] "+r"(to), [from] "+r"(from), [blocks] "+r"(blocks)
        :
        : "r3", "r4", "r5", "r6", "r8", "r10", "r12", "lr", "cc", "memory");
    if (bytes == 0) {
      return;
    }
  }
  memcpy(to, from, bytes);
}

#else

static inline void copy_bytes(void *to, const void *from, size_t bytes) {
  memcpy(to, from, bytes);
}

#endif

#endif /* KERNELS_COMMON_COPY_BYTES_H_ */
