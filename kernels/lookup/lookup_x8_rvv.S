/* SPDX-License-Identifier: Apache-2.0
 *
 * A table of bytes with vectors of RISC-V: eight registers of indices at a time, 128 where VLEN is
 * 128.
 */
#define LOOKUP_TABLE 0
#define LOOKUP_CHANNELS 4

    .section .text.lookup_x8_rvv, "ax", %progbits
    .balign 4
    .global lookup_x8_rvv
    .type   lookup_x8_rvv, %function
lookup_x8_rvv: /* op, in, out, pixels */
    lw      t1, LOOKUP_CHANNELS(a0)
    lw      a0, LOOKUP_TABLE(a0)
    mul     a3, a3, t1
.Lbytes:
    vsetvli t0, a3, e8, m8, ta, ma
    vle8.v  v0, (a1)
    sub     a3, a3, t0
    add     a1, a1, t0
    vluxei8.v v8, (a0), v0
    vse8.v  v8, (a2)
    add     a2, a2, t0
    bnez    a3, .Lbytes
    ret
    .size   lookup_x8_rvv, . - lookup_x8_rvv
