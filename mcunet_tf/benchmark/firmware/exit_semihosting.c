/* SPDX-License-Identifier: Apache-2.0
 *
 * Emulated boards end their emulator.
 */
#include "firmware.h"

void firmware_exit(int status) {
  register uint32_t operation __asm__("r0") = 0x18; /* SYS_EXIT */
  register uint32_t reason __asm__("r1") =
      status == 0 ? 0x20026u : 0x20023u; /* stopped: application exit, or error */
  __asm__ volatile("bkpt 0xAB" : : "r"(operation), "r"(reason) : "memory");
  for (;;) {
  }
}
