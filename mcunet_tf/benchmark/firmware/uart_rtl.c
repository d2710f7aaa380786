/* SPDX-License-Identifier: Apache-2.0
 *
 * The host's standard streams as registers of a simulated chip (rtl_soc/soc.cpp). Reading waits for
 * a byte: the simulation stands still meanwhile.
 */
#include "firmware.h"

#define LINK_WRITE (*(volatile uint32_t *)0x10000000u)
#define LINK_READ (*(volatile uint32_t *)0x10000004u)

void uart_init(void) {
}

void uart_write(const void *data, uint32_t size_bytes) {
  const uint8_t *from = data;
  while (size_bytes--) {
    LINK_WRITE = *from++;
  }
}

void uart_read(void *data, uint32_t size_bytes) {
  uint8_t *to = data;
  while (size_bytes--) {
    *to++ = (uint8_t)LINK_READ;
  }
}
