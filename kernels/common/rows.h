/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors as rows in an arena, of which there may be several, one for each memory of the board. Row
 * y of a tensor [1, height, width, channels] starts at
 *
 *   offset + ((y + shift) % ring_rows) * row_bytes
 *
 * ring_rows = height for a whole tensor; fewer where only the rows that are still needed are kept.
 */
#ifndef KERNELS_COMMON_ROWS_H_
#define KERNELS_COMMON_ROWS_H_

#include <stdint.h>

struct tensor_rows {
  int32_t offset;
  int32_t row_bytes;
  int16_t height;
  int16_t ring_rows;
  int16_t shift;  /* in [0, ring_rows) */
  int16_t region; /* which arena */
};

/* Row y >= -ring_rows. */
int8_t *tinyengine_row_at(int8_t *const *arenas, const struct tensor_rows *tensor, int32_t y);

/* Pointers to rows first .. first + count - 1 of an output. */
void tinyengine_rows_out(int8_t **rows, int8_t *const *arenas, const struct tensor_rows *tensor,
                         int32_t first, int32_t count);

/* Pointers to rows first .. first + count - 1 of an input; NULL for rows outside the image. */
void tinyengine_rows_in(const int8_t **rows, int8_t *const *arenas,
                        const struct tensor_rows *tensor, int32_t first, int32_t count);

/* The same; rows outside the image are filled with `zero_point`: in `pad_row`, which they share,
 * or, where that is NULL, each in its own slot of the ring. */
void tinyengine_rows_in_padded(const int8_t **rows, int8_t *const *arenas,
                               const struct tensor_rows *tensor, int32_t first, int32_t count,
                               int8_t *pad_row, int32_t zero_point);

/* The number of input rows that must exist before a window that ends at `end` can be read. */
int32_t tinyengine_rows_needed(int32_t end, int32_t height);

/* Rows of the next band. */
int32_t tinyengine_band_rows(int32_t y, int32_t band, int32_t height);

#endif /* KERNELS_COMMON_ROWS_H_ */
