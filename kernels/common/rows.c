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

void tinyengine_rows_out(int8_t **rows, int8_t *const *arenas, const struct tensor_rows *tensor,
                         int32_t first, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    rows[i] = row_at(arenas, tensor, first + i);
  }
}

void tinyengine_rows_in(const int8_t **rows, int8_t *const *arenas,
                        const struct tensor_rows *tensor, int32_t first, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    const int32_t y = first + i;
    rows[i] = y >= 0 && y < tensor->height ? row_at(arenas, tensor, y) : NULL;
  }
}

void tinyengine_rows_in_padded(const int8_t **rows, int8_t *const *arenas,
                               const struct tensor_rows *tensor, int32_t first, int32_t count,
                               int8_t *pad_row, int32_t zero_point) {
  for (int32_t i = 0; i < count; i++) {
    const int32_t y = first + i;
    if (y >= 0 && y < tensor->height) {
      rows[i] = row_at(arenas, tensor, y);
    } else {
      int8_t *row = pad_row != NULL ? pad_row : row_at(arenas, tensor, y);
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
