/* SPDX-License-Identifier: Apache-2.0
 *
 * Reset, vectors and faults of every Cortex-M board. A fault is told to the host by its type, then
 * the core stops.
 */
#include <stdint.h>

#include "firmware.h"

#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define SHCSR (*(volatile uint32_t *)0xE000ED24u)
#define CFSR (*(volatile uint32_t *)0xE000ED28u)
#define BFAR (*(volatile uint32_t *)0xE000ED38u)

extern uint32_t __stack_limit[], __stack_top[];
extern uint32_t __data_start[], __data_end[], __data_load[], __bss_start[], __bss_end[];

int main(void);
void firmware_reset(void);
void firmware_fault(void);
void firmware_fault_c(const uint32_t *frame, uint32_t exception);

__attribute__((weak)) void board_init(void) {
}
__attribute__((weak)) void counter_wrapped(void) {
  firmware_fault();
}

void firmware_reset(void) {
  CPACR |= 0xFu << 20; /* FPU and Helium on */
  SHCSR |= 7u << 16;   /* own exceptions for memory, bus and usage faults */
  __asm__ volatile("dsb\n\tisb" ::: "memory");
  const volatile uint32_t *from = __data_load;
  for (volatile uint32_t *to = __data_start; to < __data_end;) {
    *to++ = *from++;
  }
  for (volatile uint32_t *to = __bss_start; to < __bss_end;) {
    *to++ = 0;
  }
  board_init();
  uart_init();
  firmware_exit(main());
}

/* The stack may be what is broken: with fewer than 256 bytes left the report runs on a fresh one.
 * */
__attribute__((naked)) void firmware_fault(void) {
  __asm__ volatile(
      "mrs r0, msp\n\t"
      "mrs r1, ipsr\n\t"
      "ldr r2, =__stack_limit + 256\n\t"
      "cmp r0, r2\n\t"
      "bhs 1f\n\t"
      "ldr r2, =__stack_top\n\t"
      "msr msp, r2\n\t"
      "1: b firmware_fault_c\n\t"
      ".ltorg");
}

__attribute__((used)) void firmware_fault_c(const uint32_t *frame, uint32_t exception) {
  const int readable = frame >= __stack_limit && frame + 8 <= __stack_top;
  const uint32_t report[4] = {exception, CFSR, BFAR, readable ? frame[6] : 0u};
  firmware_send(FRAME_FAULT, report, sizeof report);
  firmware_exit(1);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    __stack_top,
    (const void *)firmware_reset,
    (const void *)firmware_fault,
    (const void *)firmware_fault,
    (const void *)firmware_fault,
    (const void *)firmware_fault,
    (const void *)firmware_fault,
    (const void *)firmware_fault,
    0,
    0,
    0,
    (const void *)firmware_fault,
    (const void *)firmware_fault,
    0,
    (const void *)firmware_fault,
    (const void *)counter_wrapped,
};
