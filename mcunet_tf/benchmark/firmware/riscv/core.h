/* SPDX-License-Identifier: Apache-2.0
 *
 * What C has no words for, on 32-bit RISC-V.
 */
#ifndef MCUNET_TF_BENCHMARK_FIRMWARE_RISCV_CORE_H_
#define MCUNET_TF_BENCHMARK_FIRMWARE_RISCV_CORE_H_

#include <stdint.h>

/* What lies between is counted. */
#define REGION_BEGIN() __asm__ volatile("slti zero, zero, 1" ::: "memory")
#define REGION_END() __asm__ volatile("slti zero, zero, 2" ::: "memory")

static inline void *core_stack_pointer(void) {
  void *top;
  __asm__ volatile("mv %0, sp" : "=r"(top));
  return top;
}

static inline void core_wait(void) {
  __asm__ volatile("wfi");
}

/* Defines a function that reads a counter of 64 bits: its halves, until the upper one stood. */
#define DEFINE_COUNTER(function, counter)        \
  static uint64_t function(void) {               \
    uint32_t high;                               \
    uint32_t low;                                \
    uint32_t again;                              \
    do {                                         \
      __asm__ volatile(                          \
          ".option push\n\t"                     \
          ".option arch, +zicsr\n\t"             \
          "csrr %0, " counter                    \
          "h\n\t"                                \
          "csrr %1, " counter                    \
          "\n\t"                                 \
          "csrr %2, " counter                    \
          "h\n\t"                                \
          ".option pop"                          \
          : "=r"(high), "=r"(low), "=r"(again)); \
    } while (high != again);                     \
    return (uint64_t)high << 32 | low;           \
  }

/* Asks the emulator (RISC-V semihosting specification); returns what it answers. The three
 * instructions must be long ones within a page. */
static inline int32_t core_semihosting(int32_t operation, const void *arguments) {
  register int32_t result __asm__("a0") = operation;
  register const void *block __asm__("a1") = arguments;
  __asm__ volatile(
      ".option push\n\t"
      ".option norvc\n\t"
      ".balign 16\n\t"
      "slli zero, zero, 0x1f\n\t"
      "ebreak\n\t"
      "srai zero, zero, 7\n\t"
      ".option pop"
      : "+r"(result)
      : "r"(block)
      : "memory");
  return result;
}

#endif /* MCUNET_TF_BENCHMARK_FIRMWARE_RISCV_CORE_H_ */
