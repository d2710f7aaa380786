/* SPDX-License-Identifier: Apache-2.0
 *
 * Xtensa's counter of cycles, 32 bits.
 */
#include "firmware.h"

static uint32_t start;

static uint32_t cycles(void) {
  uint32_t count;
  __asm__ volatile("rsr.ccount %0" : "=r"(count));
  return count;
}

enum counter_kind counter_init(void) {
  return COUNTER_CCOUNT;
}

void counter_start(void) {
  start = cycles();
}

uint64_t counter_stop(void) {
  return cycles() - start;
}
