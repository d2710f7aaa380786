/* SPDX-License-Identifier: Apache-2.0
 *
 * The emulated MPS2 boards ignore writes below their RAM, where the stack would grow to: the MPU
 * (Armv7-M ARM B3.5) makes the megabyte below it fault, as it does on real parts.
 */
#include "firmware.h"

#define MPU_CTRL (*(volatile uint32_t *)0xE000ED94u)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_RASR (*(volatile uint32_t *)0xE000EDA0u)

void board_init(void) {
  MPU_RBAR = 0x1FF00000u | (1u << 4);      /* region 0 */
  MPU_RASR = (1u << 28) | (19u << 1) | 1u; /* no execution, no access, 2^(19+1) bytes */
  MPU_CTRL = (1u << 2) | 1u;               /* elsewhere the default map */
  __asm__ volatile("dsb\n\tisb" ::: "memory");
}
