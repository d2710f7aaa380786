/* SPDX-License-Identifier: Apache-2.0
 *
 * Indices that are computed: int32 or int64, in an arena of bytes.
 */
#ifndef KERNELS_COMMON_INDEX_H_
#define KERNELS_COMMON_INDEX_H_

#include <stdint.h>

/* Index number i, brought within [0, limit). */
static inline int32_t index_within(const int8_t *indices, int32_t index_bytes, int32_t i,
                                   int32_t limit) {
  const int64_t index = index_bytes == 8 ? ((const int64_t *)(const void *)indices)[i]
                                         : ((const int32_t *)(const void *)indices)[i];
  return index < 0 ? 0 : index < limit ? (int32_t)index : limit - 1;
}

#endif /* KERNELS_COMMON_INDEX_H_ */
