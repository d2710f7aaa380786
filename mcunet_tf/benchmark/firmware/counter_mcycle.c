/* SPDX-License-Identifier: Apache-2.0
 *
 * RISC-V's counter of cycles, for real boards.
 */
#include "firmware.h"

static uint64_t start;

static uint64_t cycles(void) {
  uint32_t high;
  uint32_t low;
  uint32_t again;
  do {
    __asm__ volatile(
        ".option push\n\t"
        ".option arch, +zicsr\n\t"
        "csrr %0, mcycleh\n\t"
        "csrr %1, mcycle\n\t"
        "csrr %2, mcycleh\n\t"
        ".option pop"
        : "=r"(high), "=r"(low), "=r"(again));
  } while (high != again);
  return (uint64_t)high << 32 | low;
}

enum counter_kind counter_init(void) {
  __asm__ volatile(
      ".option push\n\t"
      ".option arch, +zicsr\n\t"
      "csrw mcountinhibit, zero\n\t" /* some cores begin with it stopped */
      ".option pop");
  return COUNTER_MCYCLE;
}

void counter_start(void) {
  start = cycles();
}

uint64_t counter_stop(void) {
  return cycles() - start;
}
