/* SPDX-License-Identifier: Apache-2.0
 *
 * A block of a tensor whose first index is computed: SLICE reads it, DYNAMIC_UPDATE_SLICE writes
 * it, values of any type. A block that would reach beyond the tensor lies at its end instead.
 */
#ifndef KERNELS_BLOCK_BLOCK_H_
#define KERNELS_BLOCK_BLOCK_H_

#include <stdint.h>

#define BLOCK_AXES 6

struct block {
  int32_t whole[BLOCK_AXES]; /* sizes of the tensor; the last axis counts bytes */
  int32_t part[BLOCK_AXES];  /* sizes of the block */
  int32_t first;             /* the axis of the first index; those before it have one */
  int32_t axes;              /* how many indices there are */
  int32_t item_bytes;        /* of a value: what the last index counts */
  int32_t index_bytes;       /* 4 or 8 */
};

/* out = the block of `in`. No scratch. */
void block_read_portable(const struct block *op, const int8_t *in, const int8_t *begin, int8_t *out,
                         void *scratch);

/* out = in with `part` in the place of the block. No scratch; `out` may be `in`. */
void block_write_portable(const struct block *op, const int8_t *in, const int8_t *part,
                          const int8_t *begin, int8_t *out, void *scratch);

#endif /* KERNELS_BLOCK_BLOCK_H_ */
