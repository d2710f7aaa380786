/* SPDX-License-Identifier: Apache-2.0
 *
 * The DWT's cycle counter: true cycles of the core, modulo 2^32.
 */
#include "firmware.h"

#define DEMCR (*(volatile uint32_t *)0xE000EDFCu)
#define DWT_CTRL (*(volatile uint32_t *)0xE0001000u)
#define DWT_CYCCNT (*(volatile uint32_t *)0xE0001004u)
#define DWT_LAR (*(volatile uint32_t *)0xE0001FB0u)

static uint32_t start;

enum counter_kind counter_init(void) {
  DEMCR |= 1u << 24;     /* trace enable */
  DWT_LAR = 0xC5ACCE55u; /* the Cortex-M7 locks the unit */
  DWT_CTRL |= 1u;
  return COUNTER_DWT_CYCLES;
}

void counter_start(void) {
  start = DWT_CYCCNT;
}

uint64_t counter_stop(void) {
  return (uint32_t)(DWT_CYCCNT - start);
}
