/* SPDX-License-Identifier: Apache-2.0
 *
 * Channels side by side in eight registers, 128 of them where VLEN is 128.
 */
#include "pool_window_rvv.h"

ASM_FUNCTION static void max_of_window(__attribute__((unused))
                                       const struct pool_window_rvv *window) {
  __asm__ volatile(POOL_BEGIN
                   "1: vsetvli t0, t4, e8, m8, ta, ma\n"
                   "   vmv.v.x v8, a7\n" POOL_TAPS("vle8.v v0, (t3)\n"
                                                   "   vmax.vv v8, v8, v0\n")
                   "   vmin.vx v8, v8, t6\n"
                   "   vse8.v v8, (a6)\n" POOL_NEXT
                   "   bnez t4, 1b\n"
                   "   ret\n" ::
                       : "memory");
}

void max_pool_2d_s8_rvv(const struct pool2d_s8 *op, const int8_t *const *in_rows,
                        int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      const struct pool_window at = pool_window_at(op, in_rows, r, x);
      const struct pool_window_rvv window = window_rvv(op, &at, out);
      max_of_window(&window);
      out += op->channels;
    }
  }
}
