/* SPDX-License-Identifier: Apache-2.0
 *
 * RISC-V, 32 bits: I, M, C, the bit manipulations and vectors. The markers are hints of the code
 * space that the specification leaves to software:
 *
 *   slti zero, zero, 1            region begins            (0x00102013)
 *   slti zero, zero, 2            region ends              (0x00202013)
 */
#ifndef MCUNET_TF_BENCHMARK_QEMU_PLUGIN_RISCV_H_
#define MCUNET_TF_BENCHMARK_QEMU_PLUGIN_RISCV_H_

#include "architecture.h"

/* Class of a compressed instruction (RISC-V unprivileged ISA, chapter 16). */
static enum insn_class riscv_classify_short(unsigned a) {
  const unsigned operation = a >> 13;
  switch (a & 3) {
    case 0:
      if (operation == 0) {
        return ALU; /* C.ADDI4SPN */
      }
      return operation >= 5 ? STORE : LOAD;
    case 1:
      return (operation == 1 || operation >= 5) ? BRANCH : ALU; /* C.JAL, C.J, C.BEQZ, C.BNEZ */
    default:
      if (operation == 4) { /* C.JR, C.JALR, C.MV, C.ADD */
        return (a & 0x7C) == 0 ? BRANCH : ALU;
      }
      if (operation == 0) {
        return ALU;
      }
      return operation >= 5 ? STORE : LOAD;
  }
}

static enum insn_class riscv_classify(const uint16_t half[2], size_t size, unsigned *registers) {
  (void)registers;
  if (size == 2) {
    return riscv_classify_short(half[0]);
  }
  const unsigned function = half[0] >> 12 & 7;
  switch (half[0] >> 2 & 0x1F) {
    case 0x00:
      return LOAD;
    case 0x01: /* loads and stores of vectors or of floating point */
    case 0x09:
    case 0x15: /* OP-V */
      return FP_MVE;
    case 0x08:
      return STORE;
    case 0x18: /* conditional */
    case 0x19: /* JALR */
    case 0x1B: /* JAL */
      return BRANCH;
    case 0x0C:
      if (half[1] >> 9 != 1) {
        return ALU;
      }
      return function == 0 ? MUL : function < 4 ? MULL : DIV;
    case 0x04:
    case 0x05:
    case 0x0D:
      return ALU;
    default:
      return OTHER; /* fences, control registers, floating point */
  }
}

/* An instruction a cycle; a taken branch takes more, which is counted where control arrives. */
static unsigned riscv_cost(enum insn_class class, unsigned half, unsigned registers, int previous,
                           enum cycle_model model) {
  (void)class;
  (void)half;
  (void)registers;
  (void)previous;
  (void)model;
  return 1;
}

static const struct architecture riscv = {0x00102013, 0x00202013, riscv_classify, riscv_cost};

#endif /* MCUNET_TF_BENCHMARK_QEMU_PLUGIN_RISCV_H_ */
