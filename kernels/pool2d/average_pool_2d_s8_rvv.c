/* SPDX-License-Identifier: Apache-2.0
 *
 * Channels side by side in eight registers of 32 bits, 32 of them where VLEN is 128.
 */
#include "pool_window_rvv.h"

/* Rounds half away from zero: a negative sum begins to be less by half a count. */
ASM_FUNCTION static void average_of_window(__attribute__((unused))
                                           const struct pool_window_rvv *window,
                                           __attribute__((unused)) int32_t count) {
  __asm__ volatile("   addi sp, sp, -16\n"
                   "   sw s0, 0(sp)\n"
                   "   sw s1, 4(sp)\n"
                   "   sw s2, 8(sp)\n"
                   "   mv s0, a1\n"
                   "   srli s1, s0, 1\n"
                   "   slli s2, s1, 1\n"
                   "   neg s2, s2\n" POOL_BEGIN
                   "1: vsetvli t0, t4, e32, m8, ta, ma\n"
                   "   vmv.v.i v8, 0\n"
                   "   vsetvli zero, t0, e16, m4, ta, ma\n" POOL_TAPS("vle8.v v0, (t3)\n"
                                                                      "   vsext.vf2 v4, v0\n"
                                                                      "   vwadd.wv v8, v8, v4\n")
                   "   vsetvli zero, t0, e32, m8, ta, ma\n"
                   "   vmslt.vx v0, v8, zero\n"
                   "   vadd.vx v8, v8, s1\n"
                   "   vadd.vx v8, v8, s2, v0.t\n"
                   "   vdiv.vx v8, v8, s0\n"
                   "   vsetvli zero, t0, e16, m4, ta, ma\n"
                   "   vnclip.wi v8, v8, 0\n"
                   "   vsetvli zero, t0, e8, m2, ta, ma\n"
                   "   vnclip.wi v8, v8, 0\n"
                   "   vmax.vx v8, v8, a7\n"
                   "   vmin.vx v8, v8, t6\n"
                   "   vse8.v v8, (a6)\n" POOL_NEXT
                   "   bnez t4, 1b\n"
                   "   lw s0, 0(sp)\n"
                   "   lw s1, 4(sp)\n"
                   "   lw s2, 8(sp)\n"
                   "   addi sp, sp, 16\n"
                   "   ret\n" ::
                       : "memory");
}

void average_pool_2d_s8_rvv(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                            int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const struct pool_window at = pool_window_at(op, in_rows, r, x);
      const struct pool_window_rvv window = window_rvv(op, &at, out);
      int32_t count = 0;
      for (int32_t i = 0; i < at.height; i++) {
        count += at.rows[i] ? at.columns : 0;
      }
      average_of_window(&window, count);
      out += op->channels;
    }
  }
}
