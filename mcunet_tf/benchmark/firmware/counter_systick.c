/* SPDX-License-Identifier: Apache-2.0
 *
 * SysTick, 24 bits, widened by its interrupt.
 * Under QEMU's -icount shift=0 an instruction takes a nanosecond of this clock; QEMU has no DWT.
 */
#include "firmware.h"

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)

static volatile uint32_t wraps;
static uint32_t start;

/* Runs once in 2^24 ticks: its dozen instructions are within the precision of a tick. */
void counter_wrapped(void) {
  wraps++;
}

enum counter_kind counter_init(void) {
  SYST_RVR = 0xFFFFFFu;
  SYST_CVR = 0;
  SYST_CSR = 7; /* core clock, interrupt, on */
  return COUNTER_SYSTICK;
}

void counter_start(void) {
  SYST_CVR = 0;
  wraps = 0;
  do {
    start = SYST_CVR; /* zero until the first tick reloads it */
  } while (start == 0);
}

uint64_t counter_stop(void) {
  const uint32_t stop = SYST_CVR;
  return ((uint64_t)wraps << 24) + (uint64_t)start - stop;
}
