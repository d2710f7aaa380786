/* SPDX-License-Identifier: Apache-2.0
 *
 * Loads a counting plugin as a QEMU does whose plugin interface reaches from version LEAST to
 * NEWEST, and lets it see one translation block of four instructions, executed once.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INSNS = 4, MAX_CALLBACKS = 16 };

/* begin marker; adds r0, r0, r1; muls r0, r1, r0; end marker */
static const uint16_t program[INSNS] = {0x46D2, 0x1840, 0x4348, 0x46DB};

typedef void execution_callback(unsigned vcpu, void *udata);

static struct {
  execution_callback *function;
  void *udata;
} callbacks[INSNS][MAX_CALLBACKS];
static unsigned callback_count[INSNS];
static char instructions[INSNS]; /* their addresses are the handles */

static size_t index_of(const void *insn) {
  return (size_t)((const char *)insn - instructions);
}

size_t qemu_plugin_tb_n_insns(const void *tb) {
  (void)tb;
  return INSNS;
}

void *qemu_plugin_tb_get_insn(const void *tb, size_t index) {
  (void)tb;
  return &instructions[index];
}

size_t qemu_plugin_insn_size(const void *insn) {
  (void)insn;
  return 2;
}

uint64_t qemu_plugin_insn_vaddr(const void *insn) {
  return 0x1000 + 2 * index_of(insn);
}

void qemu_plugin_register_vcpu_insn_exec_cb(void *insn, execution_callback *function, int flags,
                                            void *udata) {
  const size_t index = index_of(insn);
  (void)flags;
  callbacks[index][callback_count[index]].function = function;
  callbacks[index][callback_count[index]++].udata = udata;
}

#if NEWEST < 3
const void *qemu_plugin_insn_data(const void *insn) {
  return &program[index_of(insn)];
}
#else
size_t qemu_plugin_insn_data(const void *insn, void *to, size_t size_bytes) {
  memcpy(to, &program[index_of(insn)], size_bytes);
  return size_bytes;
}
#endif

#if NEWEST < 7
static void (*translated)(uint64_t id, void *tb);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*function)(uint64_t, void *)) {
  (void)id;
  translated = function;
}
#else
static void (*translated)(void *tb, void *udata);
static void *translated_udata;
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*function)(void *, void *),
                                           void *udata) {
  (void)id;
  translated = function;
  translated_udata = udata;
}
#endif

static void fail(const char *path, const char *why) {
  fprintf(stderr, "qemu-system-arm: Could not load plugin %s: %s\n", path, why);
  exit(1);
}

static void check_version(const char *path, void *library) {
  char why[120];
  const int *version = dlsym(library, "qemu_plugin_version");
  if (!version) {
    fail(path, "plugin does not declare API version");
  }
  if (*version < LEAST) {
    snprintf(why, sizeof why,
             "plugin requires API version %d, but this QEMU supports only a minimum version of %d",
             *version, LEAST);
    fail(path, why);
  }
  if (*version > NEWEST) {
    snprintf(why, sizeof why,
             "plugin requires API version %d, but this QEMU supports only up to version %d",
             *version, NEWEST);
    fail(path, why);
  }
}

static void load(char *option) {
  char *arguments[8];
  int count = 0;
  char *path = strtok(option, ",");
  for (char *word = strtok(NULL, ","); word && count < 8; word = strtok(NULL, ",")) {
    arguments[count++] = word;
  }
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fail(path, dlerror());
  }
  check_version(path, library);
  int (*install)(uint64_t, const void *, int, char **) =
      (int (*)(uint64_t, const void *, int, char **))dlsym(library, "qemu_plugin_install");
  if (!install || install(7, NULL, count, arguments)) {
    fail(path, "qemu_plugin_install returned error code 1");
  }
}

int main(int argc, char **argv) {
  static char block;
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], "-plugin") == 0) {
      load(argv[i + 1]);
    }
  }
#if NEWEST < 7
  translated(7, &block);
#else
  translated(&block, translated_udata);
#endif
  for (int i = 0; i < INSNS; i++) {
    for (unsigned k = 0; k < callback_count[i]; k++) {
      callbacks[i][k].function(0, callbacks[i][k].udata);
    }
  }
  return 0;
}
