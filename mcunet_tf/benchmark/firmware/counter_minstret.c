/* SPDX-License-Identifier: Apache-2.0
 *
 * RISC-V's counter of retired instructions, which under QEMU's -icount is exact.
 */
#include "firmware.h"

static uint64_t start;

static uint64_t retired(void) {
  uint32_t high;
  uint32_t low;
  uint32_t again;
  do {
    __asm__ volatile(
        ".option push\n\t"
        ".option arch, +zicsr\n\t"
        "csrr %0, minstreth\n\t"
        "csrr %1, minstret\n\t"
        "csrr %2, minstreth\n\t"
        ".option pop"
        : "=r"(high), "=r"(low), "=r"(again));
  } while (high != again);
  return (uint64_t)high << 32 | low;
}

enum counter_kind counter_init(void) {
  return COUNTER_MINSTRET;
}

void counter_start(void) {
  start = retired();
}

uint64_t counter_stop(void) {
  return retired() - start;
}
