/* SPDX-License-Identifier: Apache-2.0
 *
 * What the loops of poolings with vectors of RISC-V are given of an output pixel.
 */
#ifndef KERNELS_POOL2D_POOL_WINDOW_RVV_H_
#define KERNELS_POOL2D_POOL_WINDOW_RVV_H_

#include "../common/asm_function.h"
#include "pool2d.h"
#include "pool_window.h"

/* The assembler relies on order and size of the members. */
struct pool_window_rvv {
  const int8_t *const *rows; /* NULL: outside the image */
  int32_t height;
  int32_t offset; /* of the first tap in a row */
  int32_t columns;
  int32_t channels;
  int8_t *out;
  int32_t low;
  int32_t high;
};

static inline struct pool_window_rvv window_rvv(const struct pool2d_s8 *op,
                                                const struct pool_window *window, int8_t *out) {
  return (struct pool_window_rvv){
      .rows = window->rows,
      .height = window->height,
      .offset = window->offset,
      .columns = window->columns,
      .channels = window->channels,
      .out = out,
      .low = op->out_min,
      .high = op->out_max,
  };
}

/* a1: rows, a2: height, a3: offset, a4: columns, a5: channels, a6: out, a7: low, t6: high; t4:
 * channels that are left. */
#define POOL_BEGIN     \
  "   lw a1, 0(a0)\n"  \
  "   lw a2, 4(a0)\n"  \
  "   lw a3, 8(a0)\n"  \
  "   lw a4, 12(a0)\n" \
  "   lw a5, 16(a0)\n" \
  "   lw a6, 20(a0)\n" \
  "   lw a7, 24(a0)\n" \
  "   lw t6, 28(a0)\n" \
  "   mv t4, a5\n"

/* The taps of all rows: `tap` takes what lies at t3. */
#define POOL_TAPS(tap)   \
  "   mv t1, a1\n"       \
  "   mv t2, a2\n"       \
  "2: lw t3, (t1)\n"     \
  "   addi t1, t1, 4\n"  \
  "   beqz t3, 4f\n"     \
  "   add t3, t3, a3\n"  \
  "   mv t5, a4\n"       \
  "3: " tap              \
  "   addi t5, t5, -1\n" \
  "   add t3, t3, a5\n"  \
  "   bnez t5, 3b\n"     \
  "4: addi t2, t2, -1\n" \
  "   bnez t2, 2b\n"

/* The next channels, t0 further on. */
#define POOL_NEXT       \
  "   add a3, a3, t0\n" \
  "   add a6, a6, t0\n" \
  "   sub t4, t4, t0\n"

#endif /* KERNELS_POOL2D_POOL_WINDOW_RVV_H_ */
