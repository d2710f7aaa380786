/* SPDX-License-Identifier: Apache-2.0
 *
 * Output for region.h.
 */
#include "region.h"

#include "firmware.h"

void region_write(const void *data, uint32_t size_bytes) {
  uart_write(data, size_bytes);
}
