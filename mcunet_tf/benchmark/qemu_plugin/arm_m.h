/* SPDX-License-Identifier: Apache-2.0
 *
 * Arm's M profile: Thumb, and Helium.
 *
 *   mov r10, r10                  region begins            (0x46D2)
 *   mov r11, r11                  region ends              (0x46DB)
 */
#ifndef MCUNET_TF_BENCHMARK_QEMU_PLUGIN_ARM_M_H_
#define MCUNET_TF_BENCHMARK_QEMU_PLUGIN_ARM_M_H_

#include "architecture.h"

static unsigned popcount(unsigned bits) {
  return (unsigned)__builtin_popcount(bits);
}

/* Class of a 16-bit Thumb instruction; `registers` counts those a multiple transfer moves. */
static enum insn_class classify_narrow(unsigned a, unsigned *registers) {
  if ((a & 0xF800) == 0x4800) {
    return LOAD; /* literal */
  }
  if ((a & 0xF000) == 0x5000) {
    return ((a >> 9) & 7) < 3 ? STORE : LOAD;
  }
  if ((a & 0xE000) == 0x6000 || (a & 0xF000) == 0x8000 || (a & 0xF000) == 0x9000) {
    return (a & 0x0800) ? LOAD : STORE;
  }
  if ((a & 0xFE00) == 0xB400 || (a & 0xFE00) == 0xBC00) {
    *registers = popcount(a & 0x1FF);
    return (a & 0x0800) ? LOAD_MULTIPLE : STORE_MULTIPLE;
  }
  if ((a & 0xF000) == 0xC000) {
    *registers = popcount(a & 0xFF);
    return (a & 0x0800) ? LOAD_MULTIPLE : STORE_MULTIPLE;
  }
  if (((a & 0xF000) == 0xD000 && (a & 0x0F00) < 0x0E00) || (a & 0xF800) == 0xE000 ||
      (a & 0xFF00) == 0x4700 || (a & 0xF500) == 0xB100) {
    return BRANCH; /* B<c>, B, BX/BLX, CBZ/CBNZ */
  }
  if ((a & 0xFFC0) == 0x4340) {
    return MUL;
  }
  return (a & 0xFF00) == 0xBF00 ? OTHER : ALU; /* hints and IT */
}

/* Class of a 32-bit Thumb instruction with half words a, b (Armv7-M ARM, A5.3). */
static enum insn_class classify_wide(unsigned a, unsigned b, unsigned *registers) {
  switch ((a >> 11) & 3) {
    case 1:
      if (a & 0x0400) {
        return FP_MVE;
      }
      if (a & 0x0200) {
        return ALU;
      }
      if (a & 0x0040) { /* LDRD, STRD, exclusives, table branch */
        if ((a & 0xFFF0) == 0xE8D0 && (b & 0xFFE0) == 0xF000) {
          return BRANCH;
        }
        *registers = 2;
      } else {
        *registers = popcount(b);
      }
      return (a & 0x10) ? LOAD_MULTIPLE : STORE_MULTIPLE;
    case 2:
      if (!(b & 0x8000)) {
        return ALU;
      }
      /* MSR, MRS, barriers and hints against B.W, BL, and the low-overhead loops of Armv8.1-M */
      return ((b & 0xD000) == 0x8000 && (a & 0x0380) == 0x0380) ? OTHER : BRANCH;
    default:
      break;
  }
  if (a & 0x0400) {
    return FP_MVE;
  }
  if ((a & 0x0600) == 0x0000) {
    return (a & 0x10) ? LOAD : STORE;
  }
  if ((a & 0x0700) == 0x0200) {
    return ALU; /* register shifts, extensions, parallel adds */
  }
  if ((a & 0x0F80) == 0x0B00) {
    return MUL; /* 32-bit results: MLA, SMLAxy, SMLAD, SMMLA, ... */
  }
  return (a & 0xFFD0) == 0xFB90 ? DIV : MULL;
}

/* Cortex-M0+, by its TRM's table (Arm DDI 0484, 3.3), memory without wait states: what a taken
 * branch takes beyond its one cycle is counted where control arrives. */
static unsigned m0plus_cost(enum insn_class class, unsigned a, unsigned registers) {
  switch (class) {
    case LOAD:
    case STORE:
      return 2;
    case LOAD_MULTIPLE:
    case STORE_MULTIPLE:
      return 1 + registers + ((a & 0xFF00) == 0xBD00); /* POP with the PC */
    case BRANCH:
      return a >= 0xF000 ? 2 : 1; /* BL */
    case OTHER:
      return a >= 0xF000 ? 3 : 1; /* MSR, MRS, barriers */
    default:
      return 1;
  }
}

/* Cortex-M4, by its TRM's table: no wait states, a load that follows a load or store is pipelined,
 * an IT is folded. Cortex-M55: scalars alike, but loads take 1, and a 128-bit Helium instruction
 * two beats of 64. */
static unsigned thumb_cost(enum insn_class class, unsigned a, unsigned registers, int previous,
                           enum cycle_model model) {
  const int m55 = model == CORTEX_M55;
  if (model == CORTEX_M0PLUS) {
    return m0plus_cost(class, a, registers);
  }
  switch (class) {
    case LOAD:
      return (m55 || previous == LOAD || previous == STORE) ? 1 : 2;
    case LOAD_MULTIPLE:
    case STORE_MULTIPLE:
      return m55 ? (registers + 1) / 2 : 1 + registers;
    case DIV:
      return 6; /* 2 to 12, by operand */
    case FP_MVE:
      return (m55 || (a & 0x0E00) == 0x0C00) ? 2 : 1;
    case OTHER:
      return ((a & 0xFF00) == 0xBF00 && (a & 15)) ? 0 : 1;
    default:
      return 1;
  }
}

static enum insn_class thumb_classify(const uint16_t half[2], size_t size, unsigned *registers) {
  return size == 2 ? classify_narrow(half[0], registers)
                   : classify_wide(half[0], half[1], registers);
}

static const struct architecture arm_m = {0x46D2, 0x46DB, thumb_classify, thumb_cost};

#endif /* MCUNET_TF_BENCHMARK_QEMU_PLUGIN_ARM_M_H_ */
