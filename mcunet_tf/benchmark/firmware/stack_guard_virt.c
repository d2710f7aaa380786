/* SPDX-License-Identifier: Apache-2.0
 *
 * QEMU's virt machine has one memory. Physical memory protection (privileged ISA, 3.7) makes its
 * first 4 MB what flash is: read and executed, never written. The stack would grow into them.
 */
#include "firmware.h"

enum { READ_EXECUTE_LOCKED_POWER_OF_TWO = 0x9D };

void board_init(void) {
  const uint32_t four_megabytes = (0x80000000u >> 2) | ((0x400000u >> 3) - 1u);
  const uint32_t access = READ_EXECUTE_LOCKED_POWER_OF_TWO;
  __asm__ volatile(
      ".option push\n\t"
      ".option arch, +zicsr\n\t"
      "csrw pmpaddr0, %0\n\t"
      "csrw pmpcfg0, %1\n\t"
      ".option pop"
      :
      : "r"(four_megabytes), "r"(access)
      : "memory");
}
