/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_POOL2D_F32_POOL_LOOP_H_
#define KERNELS_POOL2D_F32_POOL_LOOP_H_

#include "../common/real.h"
#include "pool2d_f32.h"

/* The body of a pooling: `start`, then `total` made anew from each `value`, then the result from
 * `total` and the `count` of values. */
#define POOL_LOOP(start, step, result)                                 \
  (void)scratch;                                                       \
  for (int32_t r = 0; r < rows; r++) {                                 \
    float *out = reals_out(out_rows[r]);                               \
    for (int32_t x = 0; x < op->out_width; x++) {                      \
      const int32_t from = x * op->stride_width - op->pad_left;        \
      const int32_t end = from + op->kernel_width;                     \
      const int32_t first = from < 0 ? 0 : from;                       \
      const int32_t last = end > op->in_width ? op->in_width : end;    \
      for (int32_t c = 0; c < op->channels; c++) {                     \
        float total = (start);                                         \
        int32_t count = 0;                                             \
        for (int32_t i = 0; i < op->kernel_height; i++) {              \
          const int8_t *row = in_rows[r * op->stride_height + i];      \
          if (row == 0) {                                              \
            continue;                                                  \
          }                                                            \
          for (int32_t column = first; column < last; column++) {      \
            const float value = reals(row)[column * op->channels + c]; \
            total = (step);                                            \
            count++;                                                   \
          }                                                            \
        }                                                              \
        *out++ = clamp_f32((result), op->out_min, op->out_max);        \
      }                                                                \
    }                                                                  \
  }

#endif /* KERNELS_POOL2D_F32_POOL_LOOP_H_ */
