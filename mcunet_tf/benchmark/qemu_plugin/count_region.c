/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts the guest instructions between two markers, exactly, by class and by layer.
 *
 * The markers are instructions that do nothing and that no compiler emits; a header for each
 * architecture says which, and tells the classes of instructions. Markers are not counted; an
 * instruction that its IT block skips is, as it issues. Cycles are a static model, not a
 * measurement: issue costs, no cache, no wait states, no dual issue.
 *
 * Each translation block is cut into straight runs between markers; one callback per executed run
 * counts it, so the classes of a run are added up once at translation. That is exact because
 * nothing interrupts the firmware.
 *
 * A layer begins where control comes to one of its addresses, and lasts until the next such
 * address.
 *
 * Arguments: out=FILE, arch=arm-m|riscv|xtensa, model=CORE, marks=FILE with a line
 * "address layer" (decimal, sorted by address) per mark. `out` gets, per region and flushed at its
 * end:
 *
 *   region instructions=N cycles=N taken=N alu=N ...
 *   layer INDEX instructions=N cycles=N   (before the first layer: INDEX -1)
 *   end
 *
 * probe=FILE makes this file and ends QEMU: it shows that QEMU loads the plugin.
 *
 * API_VERSION, which the compiler is given, is the version that QEMU is told: the newest that both
 * sides speak (abi.h).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "arm_m.h"
#include "riscv.h"
#include "xtensa.h"

enum { MAX_LAYERS = 4096, BEFORE_LAYERS = MAX_LAYERS };

struct run {
  uint64_t start;
  uint64_t end; /* address behind the last instruction */
  uint32_t instructions;
  uint32_t cycles;
  uint32_t classes[CLASSES];
};

struct totals {
  uint64_t instructions;
  uint64_t cycles;
};

static struct {
  int active;
  uint64_t expected_pc;
  uint64_t taken;
  uint64_t classes[CLASSES];
  uint32_t layer;
} region;

static struct totals layers[MAX_LAYERS + 1];
struct mark {
  uint64_t address;
  uint32_t layer;
};

static struct mark *marks;
static size_t mark_count;
static FILE *out;
static const struct architecture *architecture = &arm_m;
static enum cycle_model model;

/* What a taken branch adds. */
static uint32_t taken_branch_cycles = 2;

/* Control has come to `pc`: a taken branch unless the instruction before it has just been executed.
 * */
static void arrive(uint64_t pc) {
  if (pc != region.expected_pc) {
    region.taken++;
    layers[region.layer].cycles += taken_branch_cycles;
  }
}

static void on_run(unsigned vcpu, void *udata) {
  (void)vcpu;
  const struct run *run = udata;
  if (!region.active) {
    return;
  }
  struct totals *layer = &layers[region.layer];
  arrive(run->start);
  region.expected_pc = run->end;
  layer->instructions += run->instructions;
  layer->cycles += run->cycles;
  for (int i = 0; i < CLASSES; i++) {
    region.classes[i] += run->classes[i];
  }
}

/* udata: address of the marker's end. */
static void on_begin(unsigned vcpu, void *udata) {
  (void)vcpu;
  memset(&region, 0, sizeof region);
  memset(layers, 0, sizeof layers);
  region.active = 1;
  region.layer = BEFORE_LAYERS;
  region.expected_pc = (uint64_t)(uintptr_t)udata;
}

/* udata: address of the marker. */
static void on_end(unsigned vcpu, void *udata) {
  (void)vcpu;
  if (!region.active) {
    return;
  }
  arrive((uint64_t)(uintptr_t)udata);
  region.active = 0;
  struct totals total = {0, 0};
  for (uint32_t i = 0; i <= MAX_LAYERS; i++) {
    total.instructions += layers[i].instructions;
    total.cycles += layers[i].cycles;
  }
  fprintf(out, "region instructions=%" PRIu64 " cycles=%" PRIu64 " taken=%" PRIu64,
          total.instructions, total.cycles, region.taken);
  for (int i = 0; i < CLASSES; i++) {
    fprintf(out, " %s=%" PRIu64, class_names[i], region.classes[i]);
  }
  fputc('\n', out);
  for (uint32_t i = 0; i <= MAX_LAYERS; i++) {
    if (layers[i].instructions) {
      fprintf(out, "layer %d instructions=%" PRIu64 " cycles=%" PRIu64 "\n",
              i == BEFORE_LAYERS ? -1 : (int)i, layers[i].instructions, layers[i].cycles);
    }
  }
  fputs("end\n", out);
  fflush(out);
}

/* udata: the layer. */
static void on_layer(unsigned vcpu, void *udata) {
  (void)vcpu;
  region.layer = (uint32_t)(uintptr_t)udata;
}

static void *must_allocate(size_t size) {
  void *memory = calloc(1, size);
  if (!memory) {
    abort();
  }
  return memory;
}

static int compare_marks(const void *key, const void *element) {
  const uint64_t address = *(const uint64_t *)key;
  const struct mark *mark = element;
  return address < mark->address ? -1 : address > mark->address;
}

static void read_marks(const char *path) {
  FILE *file = fopen(path, "r");
  unsigned long long address;
  unsigned layer;
  if (!file) {
    return;
  }
  while (fscanf(file, "%llu %u", &address, &layer) == 2) {
    struct mark *more = realloc(marks, (mark_count + 1) * sizeof *marks);
    if (!more || layer >= MAX_LAYERS) {
      abort();
    }
    marks = more;
    marks[mark_count].address = address;
    marks[mark_count].layer = layer;
    mark_count++;
  }
  fclose(file);
}

/* The first four bytes of an instruction, or both of a short one. */
static void read_insn(const struct qemu_plugin_insn *insn, uint16_t half[2], size_t size) {
  const size_t wanted = size > 4 ? 4 : size;
#if API_VERSION < 3
  memcpy(half, qemu_plugin_insn_data(insn), wanted);
#else
  qemu_plugin_insn_data(insn, half, wanted);
#endif
}

#if API_VERSION < 7
static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  (void)id;
#else
static void on_translate(struct qemu_plugin_tb *tb, void *udata) {
  (void)udata;
#endif
  struct run *run = NULL;
  int previous = -1;
  const size_t count = qemu_plugin_tb_n_insns(tb);
  for (size_t i = 0; i < count; i++) {
    struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
    const uint64_t address = qemu_plugin_insn_vaddr(insn);
    const size_t size = qemu_plugin_insn_size(insn);
    uint16_t half[2] = {0, 0};
    read_insn(insn, half, size);
    const struct mark *mark =
        mark_count ? bsearch(&address, marks, mark_count, sizeof *marks, compare_marks) : NULL;
    if (mark) {
      qemu_plugin_register_vcpu_insn_exec_cb(insn, on_layer, QEMU_PLUGIN_CB_NO_REGS,
                                             (void *)(uintptr_t)mark->layer);
      run = NULL;
      previous = -1;
    }
    const uint32_t word = half[0] | (uint32_t)half[1] << 16;
    if (word == architecture->begin_marker) {
      qemu_plugin_register_vcpu_insn_exec_cb(insn, on_begin, QEMU_PLUGIN_CB_NO_REGS,
                                             (void *)(uintptr_t)(address + size));
    } else if (word == architecture->end_marker) {
      qemu_plugin_register_vcpu_insn_exec_cb(insn, on_end, QEMU_PLUGIN_CB_NO_REGS,
                                             (void *)(uintptr_t)address);
    } else {
      if (!run) {
        run = must_allocate(sizeof *run);
        run->start = address;
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_run, QEMU_PLUGIN_CB_NO_REGS, run);
      }
      unsigned registers = 0;
      const enum insn_class class = architecture->classify(half, size, &registers);
      run->end = address + size;
      run->instructions++;
      run->classes[class]++;
      run->cycles += architecture->cost(class, half[0], registers, previous, model);
      previous = (int)class;
      continue;
    }
    run = NULL;
    previous = -1;
  }
}

/* Without a name the model is that of the Cortex-M4. */
static void choose_model(const char *name) {
  if (strcmp(name, "cortex-m55") == 0) {
    model = CORTEX_M55;
  } else if (strcmp(name, "cortex-m0plus") == 0) {
    model = CORTEX_M0PLUS;
    taken_branch_cycles = 1;
  } else if (strcmp(name, "rv32imc") == 0) {
    model = RV32IMC;
    taken_branch_cycles = 1;
  }
}

/* QEMU ends on any answer but 0. */
static int probe(const char *path) {
  FILE *file = fopen(path, "w");
  if (file) {
    fclose(file);
  }
  return 1;
}

__attribute__((visibility("default"))) int qemu_plugin_version = API_VERSION;

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const struct qemu_info *info,
                                                               int argc, char **argv) {
  (void)info;
  out = stderr;
  for (int i = 0; i < argc; i++) {
    if (strncmp(argv[i], "probe=", 6) == 0) {
      return probe(argv[i] + 6);
    }
    if (strncmp(argv[i], "out=", 4) == 0) {
      out = fopen(argv[i] + 4, "w");
    } else if (strcmp(argv[i], "arch=riscv") == 0) {
      architecture = &riscv;
    } else if (strcmp(argv[i], "arch=xtensa") == 0) {
      architecture = &xtensa;
    } else if (strncmp(argv[i], "model=", 6) == 0) {
      choose_model(argv[i] + 6);
    } else if (strncmp(argv[i], "marks=", 6) == 0) {
      read_marks(argv[i] + 6);
    }
  }
  if (!out) {
    return 1;
  }
#if API_VERSION < 7
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
#else
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate, NULL);
#endif
  return 0;
}
