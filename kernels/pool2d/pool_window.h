/* SPDX-License-Identifier: Apache-2.0
 *
 * The taps of one output pixel's window that lie within the image, for rows that pool four channels
 * at a time.
 */
#ifndef KERNELS_POOL2D_POOL_WINDOW_H_
#define KERNELS_POOL2D_POOL_WINDOW_H_

#include <string.h>

#include "pool2d.h"

/* `columns` taps from `offset` on in each row that is there. */
struct pool_window {
  const int8_t *const *rows;
  int32_t height;
  int32_t offset;
  int32_t columns;
  int32_t channels;
};

/* Band row r, output column x. */
static inline struct pool_window pool_window_at(const struct pool2d_s8 *op,
                                                const int8_t *const *in_rows, int32_t r,
                                                int32_t x) {
  const int32_t start = x * op->stride_width - op->pad_left;
  const int32_t end = start + op->kernel_width;
  const int32_t first = start < 0 ? 0 : start;
  const int32_t last = end > op->in_width ? op->in_width : end;
  const struct pool_window window = {in_rows + r * op->stride_height, op->kernel_height,
                                     first * op->channels, last - first, op->channels};
  return window;
}

static inline uint32_t pool_load(const int8_t *values) {
  uint32_t word;
  memcpy(&word, values, 4);
  return word;
}

#endif /* KERNELS_POOL2D_POOL_WINDOW_H_ */
