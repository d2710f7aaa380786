/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <stddef.h>
#include <string.h>

/* Static, as a compiler does not inline a function that another library may define too. */
static inline int8_t *row_at(int8_t *const *arenas, const struct tensor_rows *tensor, int32_t y) {
  const uint32_t slot =
      (uint32_t)(y + tensor->ring_rows + tensor->shift) % (uint32_t)tensor->ring_rows;
  return arenas[tensor->region] + tensor->offset + (int32_t)slot * tensor->row_bytes;
}

int8_t *tinyengine_row_at(int8_t *const *arenas, const struct tensor_rows *tensor, int32_t y) {
  return row_at(arenas, tensor, y);
}

/* Pointers to `count` rows from row y on, which are kept one behind the other in a ring. */
static int8_t **point_at(int8_t **rows, int8_t *const *arenas, const struct tensor_rows *tensor,
                         int32_t y, int32_t count) {
  int8_t *const first = arenas[tensor->region] + tensor->offset;
  const int8_t *const last = first + (tensor->ring_rows - 1) * tensor->row_bytes;
  const int32_t row_bytes = tensor->row_bytes;
  int8_t **const end = rows + count;
  int8_t *row = row_at(arenas, tensor, y);
  while (rows < end) {
    *rows++ = row;
    row = row == last ? first : row + row_bytes;
  }
  return rows;
}

void tinyengine_rows_out(int8_t **rows, int8_t *const *arenas, const struct tensor_rows *tensor,
                         int32_t first, int32_t count) {
  point_at(rows, arenas, tensor, first, count);
}

void tinyengine_rows_in(const int8_t **rows, int8_t *const *arenas,
                        const struct tensor_rows *tensor, int32_t first, int32_t count) {
  const int32_t end = first + count < tensor->height ? first + count : tensor->height;
  const int8_t **const behind = rows + count;
  int32_t y = first;
  for (; y < 0 && rows < behind; y++) {
    *rows++ = NULL;
  }
  if (y < end) {
    rows = (const int8_t **)point_at((int8_t **)rows, arenas, tensor, y, end - y);
  }
  while (rows < behind) {
    *rows++ = NULL;
  }
}

void tinyengine_rows_in_padded(const int8_t **rows, int8_t *const *arenas,
                               const struct tensor_rows *tensor, int32_t first, int32_t count,
                               int8_t *pad_row, int32_t zero_point) {
  tinyengine_rows_in(rows, arenas, tensor, first, count);
  for (int32_t i = 0; i < count; i++) {
    if (rows[i] == NULL) {
      int8_t *row = pad_row != NULL ? pad_row : row_at(arenas, tensor, first + i);
      memset(row, zero_point, (size_t)tensor->row_bytes);
      rows[i] = row;
    }
  }
}

int32_t tinyengine_rows_needed(int32_t end, int32_t height) {
  const int32_t bounded = end < height ? end : height;
  return bounded > 0 ? bounded : 0;
}

int32_t tinyengine_band_rows(int32_t y, int32_t band, int32_t height) {
  return y + band <= height ? band : height - y;
}
