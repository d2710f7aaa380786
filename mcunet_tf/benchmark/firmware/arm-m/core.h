/* SPDX-License-Identifier: Apache-2.0
 *
 * What C has no words for, on Arm's M profile.
 */
#ifndef MCUNET_TF_BENCHMARK_FIRMWARE_ARM_M_CORE_H_
#define MCUNET_TF_BENCHMARK_FIRMWARE_ARM_M_CORE_H_

#include <stdint.h>

/* What lies between is counted. */
#define REGION_BEGIN() __asm__ volatile("mov r10, r10" ::: "memory")
#define REGION_END() __asm__ volatile("mov r11, r11" ::: "memory")

static inline void *core_stack_pointer(void) {
  void *top;
  __asm__ volatile("mov %0, sp" : "=r"(top));
  return top;
}

static inline void core_wait(void) {
  __asm__ volatile("wfi");
}

/* Asks the emulator (Arm's semihosting specification); returns what it answers. */
static inline int32_t core_semihosting(int32_t operation, const void *arguments) {
  register int32_t result __asm__("r0") = operation;
  register const void *block __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xAB" : "+r"(result) : "r"(block) : "memory");
  return result;
}

#endif /* MCUNET_TF_BENCHMARK_FIRMWARE_ARM_M_CORE_H_ */
