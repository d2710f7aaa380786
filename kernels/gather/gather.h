/* SPDX-License-Identifier: Apache-2.0
 *
 * GATHER, GATHER_ND and EMBEDDING_LOOKUP with indices that are computed, values of any type. An
 * index beyond the axis takes the nearest one within: nothing outside the tensor is ever read.
 */
#ifndef KERNELS_GATHER_GATHER_H_
#define KERNELS_GATHER_GATHER_H_

#include <stdint.h>

#define GATHER_AXES 5

struct gather {
  int32_t batches; /* in[batches][outer][size][run_bytes], indices[batches][count] */
  int32_t outer;
  int32_t size;
  int32_t run_bytes;
  int32_t count;
  int32_t index_bytes; /* 4 or 8 */
};

/* out[b][o][i] = in[b][o][indices[b][i]]. No scratch. */
void gather_portable(const struct gather *op, const int8_t *in, const int8_t *indices, int8_t *out,
                     void *scratch);

struct gather_nd {
  int32_t count; /* indices[count][axes] */
  int32_t axes;
  int32_t run_bytes;
  int32_t size[GATHER_AXES]; /* of the axes that are indexed */
  int32_t index_bytes;       /* 4 or 8 */
};

/* out[i] = in[indices[i][0]][indices[i][1]]... No scratch. */
void gather_nd_portable(const struct gather_nd *op, const int8_t *in, const int8_t *indices,
                        int8_t *out, void *scratch);

#endif /* KERNELS_GATHER_GATHER_H_ */
