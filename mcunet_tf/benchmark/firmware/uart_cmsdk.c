/* SPDX-License-Identifier: Apache-2.0
 *
 * Arm CMSDK APB UART (DDI 0479) of the MPS2 and MPS3 boards. UART_BASE comes from the board.
 */
#include "firmware.h"

#define UART_DATA (*(volatile uint32_t *)(UART_BASE + 0x00u))
#define UART_STATE (*(volatile uint32_t *)(UART_BASE + 0x04u))
#define UART_CTRL (*(volatile uint32_t *)(UART_BASE + 0x08u))
#define UART_BAUDDIV (*(volatile uint32_t *)(UART_BASE + 0x10u))

enum { STATE_TX_FULL = 1u, STATE_RX_FULL = 2u, CTRL_TX = 1u, CTRL_RX = 2u };

void uart_init(void) {
  UART_BAUDDIV = 16; /* the fastest; the emulator moves bytes at once */
  UART_CTRL = CTRL_TX | CTRL_RX;
}

void uart_put(uint8_t byte) {
  while (UART_STATE & STATE_TX_FULL) {
  }
  UART_DATA = byte;
}

uint8_t uart_get(void) {
  while (!(UART_STATE & STATE_RX_FULL)) {
  }
  return (uint8_t)UART_DATA;
}
