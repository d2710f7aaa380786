/* SPDX-License-Identifier: Apache-2.0
 *
 * Real boards have nowhere to return to.
 */
#include "firmware.h"

void firmware_exit(int status) {
  (void)status;
  for (;;) {
    __asm__ volatile("wfi");
  }
}
