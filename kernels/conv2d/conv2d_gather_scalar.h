/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies windows into scratch as they are, for tiles that read them several times.
 */
#ifndef KERNELS_CONV2D_CONV2D_GATHER_SCALAR_H_
#define KERNELS_CONV2D_CONV2D_GATHER_SCALAR_H_

#include <string.h>

#include "conv2d.h"

/* The window whose first tap is at a column, which may lie outside the image. */
static inline void gather_window(const struct conv2d_s8 *op, const int8_t *const *in_rows,
                                 int32_t column, int8_t *inputs) {
  const int32_t channels = op->in_channels;
  const int32_t reach = (op->kernel_width - 1) * op->dilation_width;
  const int inside = column >= 0 && column + reach < op->in_width;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    const int8_t *row = in_rows[i * op->dilation_height];
    if (inside && op->dilation_width == 1) {
      const int32_t run = op->kernel_width * channels;
      memcpy(inputs, &row[column * channels], (size_t)run);
      inputs += run;
      continue;
    }
    for (int32_t j = 0; j < op->kernel_width; j++) {
      const int32_t tap = column + j * op->dilation_width;
      if (tap < 0 || tap >= op->in_width) {
        memset(inputs, op->in_zero_point, (size_t)channels);
      } else {
        memcpy(inputs, &row[tap * channels], (size_t)channels);
      }
      inputs += channels;
    }
  }
}

#endif /* KERNELS_CONV2D_CONV2D_GATHER_SCALAR_H_ */
