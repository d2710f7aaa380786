/* SPDX-License-Identifier: Apache-2.0
 *
 * Cortex-M7 caches, off at reset: invalidated and switched on (Armv7-M ARM B2.2, B3.2).
 */
#include "firmware.h"

#define SCB(offset) (*(volatile uint32_t *)(0xE000ED00u + (offset)))
#define CCR SCB(0x14u)
#define CCSIDR SCB(0x80u)
#define CSSELR SCB(0x84u)
#define ICIALLU SCB(0x250u)
#define DCISW SCB(0x260u)

static void barrier(void) {
  __asm__ volatile("dsb\n\tisb" ::: "memory");
}

void board_init(void) {
  ICIALLU = 0;
  barrier();
  CSSELR = 0; /* level 1, data */
  barrier();
  const uint32_t geometry = CCSIDR;
  const uint32_t last_set = (geometry >> 13) & 0x7FFFu;
  const uint32_t last_way = (geometry >> 3) & 0x3FFu; /* 3: four ways, as all Cortex-M7 have */
  for (uint32_t set = 0; set <= last_set; set++) {
    for (uint32_t way = 0; way <= last_way; way++) {
      DCISW = (set << 5) | (way << 30); /* lines of 32 bytes */
    }
  }
  barrier();
  CCR |= (1u << 16) | (1u << 17); /* data, instructions */
  barrier();
}
