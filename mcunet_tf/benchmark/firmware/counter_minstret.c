/* SPDX-License-Identifier: Apache-2.0
 *
 * RISC-V's counter of retired instructions, which under QEMU's -icount is exact.
 */
#include "core.h"
#include "firmware.h"

static uint64_t start;

DEFINE_COUNTER(retired, "minstret")

enum counter_kind counter_init(void) {
  return COUNTER_MINSTRET;
}

void counter_start(void) {
  start = retired();
}

uint64_t counter_stop(void) {
  return retired() - start;
}
