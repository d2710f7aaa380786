/* SPDX-License-Identifier: Apache-2.0
 *
 * USART3 on PD8 (TX) and PD9 (RX) of the STM32F7 (RM0385) and STM32H7 (RM0433): the virtual port of
 * the NUCLEO-144 boards. The board gives the addresses that differ: RCC_GPIO_ENABLE,
 * RCC_UART_ENABLE and GPIOD_BASE. The core stays at its reset clock (HSI, UART_CLOCK_HZ): cycle
 * counts see the flash without wait states.
 */
#include "firmware.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define GPIOD_MODER REGISTER(GPIOD_BASE + 0x00u)
#define GPIOD_AFRH REGISTER(GPIOD_BASE + 0x24u)
#define USART_CR1 REGISTER(0x40004800u)
#define USART_BRR REGISTER(0x4000480Cu)
#define USART_ISR REGISTER(0x4000481Cu)
#define USART_ICR REGISTER(0x40004820u)
#define USART_RDR REGISTER(0x40004824u)
#define USART_TDR REGISTER(0x40004828u)

enum {
  ISR_ORE = 1u << 3,
  ISR_RXNE = 1u << 5,
  ISR_TXE = 1u << 7,
  CR1_UE = 1u << 0,
  CR1_RE = 1u << 2,
  CR1_TE = 1u << 3
};

void uart_init(void) {
  REGISTER(RCC_GPIO_ENABLE) |= 1u << 3;  /* GPIOD */
  REGISTER(RCC_UART_ENABLE) |= 1u << 18; /* USART3 */
  (void)REGISTER(RCC_UART_ENABLE);       /* the clock needs two cycles before the first access */
  GPIOD_MODER = (GPIOD_MODER & ~(0xFu << 16)) | (0xAu << 16); /* PD8, PD9: alternate function */
  GPIOD_AFRH = (GPIOD_AFRH & ~0xFFu) | 0x77u;                 /* AF7 */
  USART_BRR = (UART_CLOCK_HZ + UART_BAUD / 2u) / UART_BAUD;
  USART_CR1 = CR1_UE | CR1_TE | CR1_RE;
}

static void put(uint8_t byte) {
  while (!(USART_ISR & ISR_TXE)) {
  }
  USART_TDR = byte;
}

static uint8_t get(void) {
  while (!(USART_ISR & ISR_RXNE)) {
    if (USART_ISR & ISR_ORE) {
      USART_ICR =
          ISR_ORE; /* an overrun blocks reception until cleared; the frame's CRC tells the loss */
    }
  }
  return (uint8_t)USART_RDR;
}

void uart_write(const void *data, uint32_t size_bytes) {
  const uint8_t *bytes = data;
  for (uint32_t i = 0; i < size_bytes; i++) {
    put(bytes[i]);
  }
}

void uart_read(void *data, uint32_t size_bytes) {
  uint8_t *bytes = data;
  for (uint32_t i = 0; i < size_bytes; i++) {
    bytes[i] = get();
  }
}
