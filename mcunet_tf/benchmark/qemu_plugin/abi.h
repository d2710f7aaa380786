/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of QEMU's TCG plugin interface that the counter uses, declared by hand: distributions
 * build qemu-system-arm with plugins but ship no header for them. Written from the interface's
 * documentation and checked against QEMU 7.2 (version 1) and QEMU 10.0 (version 4).
 *
 * A plugin exports one version, which must lie between the least and the newest that the QEMU at
 * hand speaks: it refuses others. These versions differ in what the counter uses:
 *
 *   3 (QEMU 9.1)    an instruction's bytes are copied to the caller, not pointed to
 *   7 (QEMU 11.1)   callbacks for translations take a pointer of the plugin, and no id
 */
#ifndef MCUNET_TF_BENCHMARK_QEMU_PLUGIN_ABI_H_
#define MCUNET_TF_BENCHMARK_QEMU_PLUGIN_ABI_H_

#include <stddef.h>
#include <stdint.h>

#ifndef API_VERSION
#error "give the version of the interface: -DAPI_VERSION=N"
#endif

typedef uint64_t qemu_plugin_id_t;
struct qemu_info; /* never looked into */
struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_CB_R_REGS, QEMU_PLUGIN_CB_RW_REGS };

typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned vcpu, void *udata);

#if API_VERSION < 7
typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb);
#else
typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(struct qemu_plugin_tb *tb, void *udata);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb,
                                           void *udata);
#endif

#if API_VERSION < 3
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
#else
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t size_bytes);
#endif

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            qemu_plugin_vcpu_udata_cb_t cb,
                                            enum qemu_plugin_cb_flags flags, void *udata);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#endif /* MCUNET_TF_BENCHMARK_QEMU_PLUGIN_ABI_H_ */
