/* SPDX-License-Identifier: Apache-2.0
 *
 * Emulated boards end their emulator.
 */
#include "firmware.h"

#include "core.h"

enum { SYS_EXIT = 0x18 };

void firmware_exit(int status) {
  const uintptr_t reason = status == 0 ? 0x20026u : 0x20023u; /* application exit, or error */
  (void)core_semihosting(SYS_EXIT, (const void *)reason);
  for (;;) {
  }
}
