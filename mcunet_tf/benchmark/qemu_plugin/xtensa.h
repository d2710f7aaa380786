/* SPDX-License-Identifier: Apache-2.0
 *
 * Xtensa, little endian: the core instructions, short ones and multiplications. The markers are
 * moves of a register to itself:
 *
 *   or a12, a12, a12              region begins            (0x20CCC0)
 *   or a13, a13, a13              region ends              (0x20DDD0)
 */
#ifndef MCUNET_TF_BENCHMARK_QEMU_PLUGIN_XTENSA_H_
#define MCUNET_TF_BENCHMARK_QEMU_PLUGIN_XTENSA_H_

#include "architecture.h"

/* Class by the fields op0, op1, op2, r of the instruction set's tables (Xtensa ISA, chapter 7). */
static enum insn_class xtensa_classify(const uint16_t half[2], size_t size, unsigned *registers) {
  const unsigned a = half[0];
  const unsigned r = a >> 12, op1 = half[1] & 15, op2 = half[1] >> 4 & 15;
  (void)size;
  (void)registers;
  switch (a & 15) {
    case 0: /* QRST */
      if (op1 == 2 && op2 >= 8) {
        return op2 < 12 ? MUL : DIV;
      }
      if (op1 == 1 && op2 >= 12 && op2 < 14) {
        return MUL; /* MUL16U, MUL16S */
      }
      if (op1 == 0 && op2 == 0) {
        return r == 0 ? BRANCH : OTHER; /* RET, JX, CALLX; synchronisation, SIMCALL */
      }
      return ALU;
    case 1:
    case 8:
      return LOAD; /* L32R, L32I.N */
    case 2:        /* LSAI */
      return r < 3 || r == 9 ? LOAD : r >= 4 && r < 7 ? STORE : ALU;
    case 9:
      return STORE; /* S32I.N */
    case 5:
    case 6:
    case 7:
      return BRANCH;
    case 12:
      return a & 0x80 ? BRANCH : ALU; /* BEQZ.N, BNEZ.N; MOVI.N */
    case 13:
      return a >> 12 == 15 && (a >> 4 & 15) < 2 ? BRANCH : ALU; /* RET.N */
    default:
      return ALU;
  }
}

/* No core of this architecture has a cycle model. */
static unsigned xtensa_cost(enum insn_class class, unsigned half, unsigned registers, int previous,
                            enum cycle_model model) {
  (void)class;
  (void)half;
  (void)registers;
  (void)previous;
  (void)model;
  return 1;
}

static const struct architecture xtensa = {0x20CCC0, 0x20DDD0, xtensa_classify, xtensa_cost};

#endif /* MCUNET_TF_BENCHMARK_QEMU_PLUGIN_XTENSA_H_ */
