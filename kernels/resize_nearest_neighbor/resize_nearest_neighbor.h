/* SPDX-License-Identifier: Apache-2.0
 *
 * RESIZE_NEAREST_NEIGHBOR of values of any type, NHWC: out[y, x] = in[rows[y], columns[x]], the
 * indices computed offline.
 */
#ifndef KERNELS_RESIZE_NEAREST_NEIGHBOR_RESIZE_NEAREST_NEIGHBOR_H_
#define KERNELS_RESIZE_NEAREST_NEIGHBOR_RESIZE_NEAREST_NEIGHBOR_H_

#include <stdint.h>

struct resize_nearest_neighbor_s8 {
  const int16_t *rows;    /* [out_height] */
  const int16_t *columns; /* [out_width] */
  int16_t in_width;
  int16_t out_height;
  int16_t out_width;
  int32_t channels; /* bytes of a pixel */
};

/* Any shape. No scratch. */
void resize_nearest_neighbor_s8_portable(const struct resize_nearest_neighbor_s8 *op,
                                         const int8_t *in, int8_t *out, void *scratch);

struct resize_nearest_neighbor_rows_s8 {
  const int16_t *columns; /* [out_width] */
  int16_t repeats;        /* output rows of each input row */
  int16_t in_width;
  int16_t out_width;
  int32_t channels; /* bytes of a pixel */
};

/* Rows that are repeated so many times each; a "pixel" is those of one input row. No scratch. */
void resize_nearest_neighbor_rows_s8_portable(const struct resize_nearest_neighbor_rows_s8 *op,
                                              const int8_t *in, int8_t *out, int32_t pixels,
                                              void *scratch);

#endif /* KERNELS_RESIZE_NEAREST_NEIGHBOR_RESIZE_NEAREST_NEIGHBOR_H_ */
