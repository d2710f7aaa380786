/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of channels over an image that comes in bands of rows.
 */
#ifndef KERNELS_COMMON_SUM_ROWS_H_
#define KERNELS_COMMON_SUM_ROWS_H_

#include <stdint.h>

/* The body of a kernel: sums of `values` begin at `start`, may wrap around, and `finished(op, sum)`
 * is one of `results`. They wait in scratch, int32 [channels], unless all rows come at once. */
#define SUM_BANDS(op, start, values, results, finished)                           \
  const int32_t channels = (op)->channels, count = rows * (op)->width * channels; \
  const int32_t first = y == 0, last = y + rows == (op)->height;                  \
  int32_t *kept = scratch;                                                        \
  for (int32_t c = 0; c < channels; c++) {                                        \
    const int32_t before = first ? (start) : kept[c];                             \
    uint32_t sum = (uint32_t)before;                                              \
    for (int32_t at = c; at < count; at += channels) {                            \
      const int32_t value = (values)[at];                                         \
      sum += (uint32_t)value;                                                     \
    }                                                                             \
    if (last) {                                                                   \
      (results)[c] = finished((op), (int32_t)sum);                                \
    } else {                                                                      \
      kept[c] = (int32_t)sum;                                                     \
    }                                                                             \
  }

#endif /* KERNELS_COMMON_SUM_ROWS_H_ */
