/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_BLOCK_BLOCK_RUNS_H_
#define KERNELS_BLOCK_BLOCK_RUNS_H_

#include "../common/index.h"
#include "block.h"

/* Where the block's first byte lies in the tensor. */
static inline int32_t block_start(const struct block *op, const int8_t *begin) {
  int32_t start = 0;
  for (int32_t axis = 0; axis < BLOCK_AXES; axis++) {
    int32_t index = 0;
    if (axis >= op->first) {
      const int32_t unit = axis == BLOCK_AXES - 1 ? op->item_bytes : 1;
      const int32_t free = (op->whole[axis] - op->part[axis]) / unit;
      index = unit * index_within(begin, op->index_bytes, axis - op->first, free + 1);
    }
    start = start * op->whole[axis] + index;
  }
  return start;
}

/* The distance from the start of run number `run` of the block to the block's first byte. */
static inline int32_t block_run(const struct block *op, int32_t run) {
  int32_t place = 0;
  int32_t step = op->whole[BLOCK_AXES - 1];
  for (int32_t axis = BLOCK_AXES - 2; axis >= 0; axis--) {
    place += run % op->part[axis] * step;
    run /= op->part[axis];
    step *= op->whole[axis];
  }
  return place;
}

static inline int32_t block_runs(const struct block *op) {
  int32_t runs = 1;
  for (int32_t axis = 0; axis < BLOCK_AXES - 1; axis++) {
    runs *= op->part[axis];
  }
  return runs;
}

#endif /* KERNELS_BLOCK_BLOCK_RUNS_H_ */
