/* SPDX-License-Identifier: Apache-2.0
 *
 * Reset and exceptions of Xtensa boards. An exception is told to the host by its cause, then the
 * core stops.
 */
#include <stdint.h>

#include "firmware.h"

enum { XTENSA_FAULT = 0x200 }; /* the host tells other cores' exceptions from these */

extern uint32_t __stack_limit[], __stack_top[];
extern uint32_t __data_start[], __data_end[], __data_load[], __bss_start[], __bss_end[];

int main(void);
void firmware_start(void);
void firmware_fault_c(uint32_t cause, uint32_t address, uint32_t pc);

/* The first instruction of the image, and the vectors at their distances from VECBASE. */
__asm__(
    ".section .vectors, \"ax\"\n"
    ".global firmware_reset\n"
    ".begin no-longcalls\n"
    "firmware_reset:\n"
    "  j 1f\n"
    ".balign 4\n"
    "2: .word __stack_top\n"
    "3: .word firmware_vectors\n"
    "1: l32r a1, 2b\n"
    "  l32r a2, 3b\n"
    "  wsr.vecbase a2\n"
    "  movi a2, 0\n"
    "  wsr.ps a2\n"
    "  rsync\n"
    "  call0 firmware_start\n"
    ".balign 4\n"
    "4: .word __stack_top\n"
    "firmware_trap:\n"
    "  rsr.exccause a2\n"
    "  rsr.excvaddr a3\n"
    "  rsr.epc1 a4\n"
    "  l32r a1, 4b\n"
    "  call0 firmware_fault_c\n"
    ".balign 256\n"
    "firmware_vectors:\n"
    ".org firmware_vectors + 0x30\n"
    "  j firmware_trap\n"
    ".org firmware_vectors + 0x50\n"
    "  j firmware_trap\n"
    ".org firmware_vectors + 0x70\n"
    "  j firmware_trap\n"
    ".end no-longcalls\n"
    ".text\n");

__attribute__((weak)) void board_init(void) {
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
  const uint32_t report[4] = {XTENSA_FAULT | (cause & 0xFFu), 0, address, pc};
  firmware_send(FRAME_FAULT, report, sizeof report);
  firmware_exit(1);
}
