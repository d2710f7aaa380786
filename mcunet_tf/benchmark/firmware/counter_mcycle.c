/* SPDX-License-Identifier: Apache-2.0
 *
 * RISC-V's counter of cycles, for real boards.
 */
#include "core.h"
#include "firmware.h"

static uint64_t start;

DEFINE_COUNTER(cycles, "mcycle")

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
