/* SPDX-License-Identifier: Apache-2.0
 *
 * Real boards have nowhere to return to.
 */
#include "firmware.h"

#include "core.h"

void firmware_exit(int status) {
  (void)status;
  for (;;) {
    core_wait();
  }
}
