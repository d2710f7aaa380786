/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <stddef.h>
#include <string.h>

int8_t *row_at(int8_t *arena, const struct tensor_rows *tensor, int32_t y) {
  return arena + tensor->offset + (y % tensor->ring_rows) * tensor->row_bytes;
}

void rows_out(int8_t **rows, int8_t *arena, const struct tensor_rows *tensor, int32_t first, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    rows[i] = row_at(arena, tensor, first + i);
  }
}

void rows_in(const int8_t **rows, int8_t *arena, const struct tensor_rows *tensor, int32_t first, int32_t count,
             int8_t *pad_row, int32_t zero_point) {
  if (pad_row != NULL && (first < 0 || first + count > tensor->height)) {
    memset(pad_row, zero_point, (size_t)tensor->row_bytes);
  }
  for (int32_t i = 0; i < count; i++) {
    const int32_t y = first + i;
    rows[i] = y >= 0 && y < tensor->height ? row_at(arena, tensor, y) : pad_row;
  }
}

int32_t rows_needed(int32_t end, int32_t height) {
  const int32_t bounded = end < height ? end : height;
  return bounded > 0 ? bounded : 0;
}

int32_t band_rows(int32_t y, int32_t band, int32_t height) {
  return y + band <= height ? band : height - y;
}
