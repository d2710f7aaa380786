/* SPDX-License-Identifier: Apache-2.0
 *
 * What the counter must know of an architecture: its markers, and what its instructions are.
 */
#ifndef MCUNET_TF_BENCHMARK_QEMU_PLUGIN_ARCHITECTURE_H_
#define MCUNET_TF_BENCHMARK_QEMU_PLUGIN_ARCHITECTURE_H_

#include <stddef.h>
#include <stdint.h>

enum insn_class {
  ALU,
  MUL,
  MULL,
  DIV,
  LOAD,
  STORE,
  LOAD_MULTIPLE,
  STORE_MULTIPLE,
  BRANCH,
  FP_MVE,
  OTHER,
  CLASSES
};
static const char *const class_names[CLASSES] = {
    "alu",    "mul",    "mull", "div", "load", "store", "load_multiple", "store_multiple",
    "branch", "fp_mve", "other"};

enum cycle_model { CORTEX_M4, CORTEX_M55, CORTEX_M0PLUS, RV32IMC };

struct architecture {
  uint32_t begin_marker; /* as its half words lie in memory; of a short one the upper half is 0 */
  uint32_t end_marker;
  /* `registers` counts those that a multiple transfer moves. */
  enum insn_class (*classify)(const uint16_t half[2], size_t size, unsigned *registers);
  unsigned (*cost)(enum insn_class class, unsigned half, unsigned registers, int previous,
                   enum cycle_model model);
};

#endif /* MCUNET_TF_BENCHMARK_QEMU_PLUGIN_ARCHITECTURE_H_ */
