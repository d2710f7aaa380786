/* SPDX-License-Identifier: Apache-2.0
 *
 * RESIZE_BILINEAR, int8, NHWC: blends four pixels by weights in 1024ths that sum to 2^20, rounded
 * half away from zero. Rows, columns and weights are computed offline.
 */
#ifndef KERNELS_RESIZE_BILINEAR_RESIZE_BILINEAR_H_
#define KERNELS_RESIZE_BILINEAR_RESIZE_BILINEAR_H_

#include <stdint.h>

struct resize_bilinear_s8 {
  const int16_t *rows;    /* [out_height][3]: row, next row, 1024ths of the next */
  const int16_t *columns; /* [out_width][3] */
  int16_t in_width;
  int16_t out_height;
  int16_t out_width;
  int16_t channels;
};

/* Any shape. No scratch. */
void resize_bilinear_s8_portable(const struct resize_bilinear_s8 *op, const int8_t *in, int8_t *out,
                                 void *scratch);

#endif /* KERNELS_RESIZE_BILINEAR_RESIZE_BILINEAR_H_ */
