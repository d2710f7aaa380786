/* SPDX-License-Identifier: Apache-2.0
 *
 * What C has no words for, on Xtensa with the call0 ABI.
 */
#ifndef MCUNET_TF_BENCHMARK_FIRMWARE_XTENSA_CORE_H_
#define MCUNET_TF_BENCHMARK_FIRMWARE_XTENSA_CORE_H_

#include <stdint.h>

/* What lies between is counted. */
#define REGION_BEGIN() __asm__ volatile("_or a12, a12, a12" ::: "memory")
#define REGION_END() __asm__ volatile("_or a13, a13, a13" ::: "memory")

static inline void *core_stack_pointer(void) {
  void *top;
  __asm__ volatile("mov %0, a1" : "=r"(top));
  return top;
}

static inline void core_wait(void) {
  __asm__ volatile("waiti 0");
}

/* A call of the simulator's; the numbers are its own. */
static inline int32_t core_simcall(int32_t number, uint32_t first, uint32_t second,
                                   uint32_t third) {
  register int32_t a2 __asm__("a2") = number;
  register uint32_t a3 __asm__("a3") = first;
  register uint32_t a4 __asm__("a4") = second;
  register uint32_t a5 __asm__("a5") = third;
  __asm__ volatile("simcall" : "+r"(a2), "+r"(a3) : "r"(a4), "r"(a5) : "memory");
  return a2;
}

/* Asks the emulator; returns what Arm's semihosting would: the four operations that are used. */
static inline int32_t core_semihosting(int32_t operation, const void *arguments) {
  enum { OPEN = 0x01, WRITE = 0x05, READ = 0x06 };
  enum { SIMCALL_EXIT = 1, SIMCALL_READ = 3, SIMCALL_WRITE = 4 };
  const uint32_t *words = arguments;
  if (operation == OPEN) {
    return words[1] != 1; /* to read: the input, 0; to write: the output, 1 */
  }
  if (operation == WRITE) {
    return (int32_t)words[2] - core_simcall(SIMCALL_WRITE, words[0], words[1], words[2]);
  }
  if (operation == READ) {
    const int32_t count = core_simcall(SIMCALL_READ, words[0], words[1], words[2]);
    return count > 0 ? (int32_t)words[2] - count : (int32_t)words[2];
  }
  return core_simcall(SIMCALL_EXIT, (uintptr_t)arguments == 0x20026u ? 0 : 1, 0, 0);
}

#endif /* MCUNET_TF_BENCHMARK_FIRMWARE_XTENSA_CORE_H_ */
