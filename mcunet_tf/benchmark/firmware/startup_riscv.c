/* SPDX-License-Identifier: Apache-2.0
 *
 * Reset and traps of every 32-bit RISC-V board, in machine mode. A trap is told to the host by its
 * cause, then the core stops. It is no interrupt of ours: none is ever switched on.
 */
#include <stdint.h>

#include "firmware.h"

enum { RISCV_FAULT = 0x100 }; /* the host tells Arm's exceptions from these */

extern uint32_t __stack_limit[], __stack_top[];
extern uint32_t __data_start[], __data_end[], __data_load[], __bss_start[], __bss_end[];

int main(void);
void firmware_start(void);
void firmware_fault_c(uint32_t cause, uint32_t address, uint32_t pc);

__attribute__((weak)) void board_init(void) {
}

/* The first instruction of the image. Control registers need a name of their own in the options:
 * the C libraries are those of cores that are not said to have them. Vector registers are switched
 * on (mstatus.VS), which cores without any ignore. */
__attribute__((naked, section(".vectors.first"), used)) void firmware_reset(void) {
  __asm__ volatile(
      ".option push\n\t"
      ".option arch, +zicsr\n\t"
      ".option norelax\n\t"
      "la gp, __global_pointer$\n\t"
      ".option relax\n\t"
      "la sp, __stack_top\n\t"
      "la tp, __tls_base\n\t"
      "la t0, firmware_trap\n\t"
      "csrw mtvec, t0\n\t"
      "li t0, 0x600\n\t"
      "csrs mstatus, t0\n\t"
      "j firmware_start\n\t"
      ".option pop");
}

/* The stack may be what is broken: the report runs on a fresh one. */
__attribute__((naked, aligned(4), section(".vectors"), used)) void firmware_trap(void) {
  __asm__ volatile(
      ".option push\n\t"
      ".option arch, +zicsr\n\t"
      "csrr a0, mcause\n\t"
      "csrr a1, mtval\n\t"
      "csrr a2, mepc\n\t"
      "la sp, __stack_top\n\t"
      "j firmware_fault_c\n\t"
      ".option pop");
}

__attribute__((used)) void firmware_start(void) {
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

__attribute__((used)) void firmware_fault_c(uint32_t cause, uint32_t address, uint32_t pc) {
  const uint32_t report[4] = {RISCV_FAULT | (cause & 0xFFu), 0, address, pc};
  firmware_send(FRAME_FAULT, report, sizeof report);
  firmware_exit(1);
}
