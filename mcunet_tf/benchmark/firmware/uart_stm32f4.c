/* SPDX-License-Identifier: Apache-2.0
 *
 * USART3 on PD8 (TX) and PD9 (RX) of the STM32F4 (RM0402): the virtual port of the NUCLEO-144
 * boards. The core stays at its reset clock (HSI, UART_CLOCK_HZ): cycle counts see the flash
 * without wait states.
 */
#include "firmware.h"

#define RCC_AHB1ENR (*(volatile uint32_t *)0x40023830u)
#define RCC_APB1ENR (*(volatile uint32_t *)0x40023840u)
#define GPIOD_MODER (*(volatile uint32_t *)0x40020C00u)
#define GPIOD_AFRH (*(volatile uint32_t *)0x40020C24u)
#define USART_SR (*(volatile uint32_t *)0x40004800u)
#define USART_DR (*(volatile uint32_t *)0x40004804u)
#define USART_BRR (*(volatile uint32_t *)0x40004808u)
#define USART_CR1 (*(volatile uint32_t *)0x4000480Cu)

enum { SR_RXNE = 1u << 5, SR_TXE = 1u << 7, CR1_RE = 1u << 2, CR1_TE = 1u << 3, CR1_UE = 1u << 13 };

void uart_init(void) {
  RCC_AHB1ENR |= 1u << 3;  /* GPIOD */
  RCC_APB1ENR |= 1u << 18; /* USART3 */
  (void)RCC_APB1ENR;       /* the clock needs two cycles before the first access */
  GPIOD_MODER = (GPIOD_MODER & ~(0xFu << 16)) | (0xAu << 16); /* PD8, PD9: alternate function */
  GPIOD_AFRH = (GPIOD_AFRH & ~0xFFu) | 0x77u;                 /* AF7 */
  USART_BRR = (UART_CLOCK_HZ + UART_BAUD / 2u) / UART_BAUD;
  USART_CR1 = CR1_UE | CR1_TE | CR1_RE;
}

static void put(uint8_t byte) {
  while (!(USART_SR & SR_TXE)) {
  }
  USART_DR = byte;
}

static uint8_t get(void) {
  while (!(USART_SR & SR_RXNE)) {
  }
  return (uint8_t)USART_DR;
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
