/* SPDX-License-Identifier: Apache-2.0
 *
 * RESIZE_BILINEAR, float32, NHWC: blends four pixels. Rows, columns and shares are computed
 * offline.
 */
#ifndef KERNELS_RESIZE_BILINEAR_F32_RESIZE_BILINEAR_F32_H_
#define KERNELS_RESIZE_BILINEAR_F32_RESIZE_BILINEAR_F32_H_

#include <stdint.h>

struct resize_bilinear_f32 {
  const int16_t *rows;        /* [out_height][2]: row, next row */
  const int16_t *columns;     /* [out_width][2] */
  const float *row_shares;    /* [out_height]: the next row's */
  const float *column_shares; /* [out_width] */
  int16_t in_width;
  int16_t out_height;
  int16_t out_width;
  int16_t channels;
};

/* Any shape. No scratch. */
void resize_bilinear_f32_portable(const struct resize_bilinear_f32 *op, const int8_t *in,
                                  int8_t *out, void *scratch);

#endif /* KERNELS_RESIZE_BILINEAR_F32_RESIZE_BILINEAR_F32_H_ */
