/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of a convolution's windows of at most 16 bytes in a row, tap behind tap, with Helium: four
 * at a time where all of them lie inside the image, one by one elsewhere.
 */
#ifndef KERNELS_CONV2D_CONV2D_WINDOWS_MVE_H_
#define KERNELS_CONV2D_CONV2D_WINDOWS_MVE_H_

#include <arm_mve.h>
#include <stdint.h>

#include "../common/asm_function.h"
#include "../common/fill_bytes_mve.h"
#include "conv2d.h"

/* What all windows of a call have in common. The assembler relies on order and size of the first
 * members. */
struct windows_mve {
  int32_t run;    /* bytes of a row of a window */
  int32_t height; /* rows of the kernel */
  int32_t stride; /* bytes from a window to the next one, as they are copied */
  int32_t step;   /* bytes from a window to the next one, in the image */
  const struct conv2d_s8 *op;
  int32_t last; /* column of the last window inside the image; less than 0: there is none */
};

static inline struct windows_mve windows_of(const struct conv2d_s8 *op, int32_t stride) {
  const int32_t run = op->kernel_width * op->in_channels;
  const int plain = op->dilation_width == 1 && op->dilation_height == 1;
  return (struct windows_mve){
      .run = run,
      .height = op->kernel_height,
      .stride = stride,
      .step = op->stride_width * op->in_channels,
      .op = op,
      .last = plain ? op->in_width - op->kernel_width : -1,
  };
}

/* Copies a run of each row of a window, of at most 16 bytes. */
static __attribute__((noinline)) void copy_rows(const struct windows_mve *all,
                                                const int8_t *const *in_rows, int32_t offset,
                                                int32_t run, int8_t *to) {
  const int32_t whole = all->run, step = 4 * all->op->dilation_height;
  const int8_t *row;
  if (run == 4) {
    int32_t word;
    __asm__ volatile(
        "   dls lr, %[height]\n"
        "1: ldr %[row], [%[rows]]\n"
        "   ldr %[word], [%[row], %[offset]]\n"
        "   add %[rows], %[rows], %[step]\n"
        "   str %[word], [%[to]]\n"
        "   add %[to], %[to], %[whole]\n"
        "   le lr, 1b\n"
        : [to] "+r"(to), [rows] "+r"(in_rows), [row] "=&r"(row), [word] "=&r"(word)
        : [height] "r"(all->height), [offset] "r"(offset), [whole] "r"(whole), [step] "r"(step)
        : "lr", "memory");
  } else {
    __asm__ volatile(
        "   vctp.8 %[run]\n"
        "   dls lr, %[height]\n"
        "1: ldr %[row], [%[rows]]\n"
        "   add %[rows], %[rows], %[step]\n"
        "   add %[row], %[row], %[offset]\n"
        "   vpstt\n"
        "   vldrbt.u8 q0, [%[row]]\n"
        "   vstrbt.8 q0, [%[to]]\n"
        "   add %[to], %[to], %[whole]\n"
        "   le lr, 1b\n"
        : [to] "+r"(to), [rows] "+r"(in_rows), [row] "=&r"(row)
        : [height] "r"(all->height), [offset] "r"(offset), [whole] "r"(whole), [run] "r"(run),
          [step] "r"(step)
        : "q0", "lr", "memory");
  }
}

/* Copies any window; taps outside the image are zero points. */
static __attribute__((noinline)) void copy_window(const struct windows_mve *all,
                                                  const int8_t *const *in_rows, int32_t column,
                                                  int8_t *window) {
  const struct conv2d_s8 *const op = all->op;
  const int32_t channels = op->in_channels, width = op->kernel_width;
  const int32_t dilation = op->dilation_width, right = op->in_width - column;
  if (column < 0 || right < (width - 1) * dilation + 1) {
    fill_bytes_mve(window, (int8_t)op->in_zero_point, all->run * all->height);
  }
  if (dilation > 1) {
    for (int32_t j = 0; j < width; j++, column += dilation, window += channels) {
      if (column >= 0 && column < op->in_width) {
        copy_rows(all, in_rows, column * channels, channels, window);
      }
    }
    return;
  }
  const int32_t first = column < 0 ? -column : 0;
  const int32_t last = right < width ? right : width;
  if (first < last) {
    copy_rows(all, in_rows, (column + first) * channels, (last - first) * channels,
              window + first * channels);
  }
}

/* Four whole windows side by side: 20 instructions for a row of all four. */
ASM_FUNCTION static void copy_four(__attribute__((unused)) const struct windows_mve *all,
                                   __attribute__((unused)) const int8_t *const *in_rows,
                                   __attribute__((unused)) int32_t offset,
                                   __attribute__((unused)) int8_t *to) {
  __asm__ volatile(
      "   push {r4-r11, lr}\n"
      "   ldm r0, {r4, r5, r6, r7}\n" /* run height stride step */
      "   add r8, r3, r6\n"
      "   add r9, r8, r6\n"
      "   add r10, r9, r6\n"
      "   vctp.8 r4\n"
      "   dls lr, r5\n"
      "1: ldr r0, [r1], #4\n"
      "   add r0, r0, r2\n"
      "   add r11, r0, r7\n"
      "   add r12, r11, r7\n"
      "   add r6, r12, r7\n"
      "   vpstttt\n"
      "   vldrbt.u8 q0, [r0]\n"
      "   vldrbt.u8 q1, [r11]\n"
      "   vldrbt.u8 q2, [r12]\n"
      "   vldrbt.u8 q3, [r6]\n"
      "   vpstttt\n"
      "   vstrbt.8 q0, [r3]\n"
      "   vstrbt.8 q1, [r8]\n"
      "   vstrbt.8 q2, [r9]\n"
      "   vstrbt.8 q3, [r10]\n"
      "   add r3, r3, r4\n"
      "   add r8, r8, r4\n"
      "   add r9, r9, r4\n"
      "   add r10, r10, r4\n"
      "   le lr, 1b\n"
      "   pop {r4-r11, pc}\n" ::
          : "memory");
}

#endif /* KERNELS_CONV2D_CONV2D_WINDOWS_MVE_H_ */
