/* SPDX-License-Identifier: Apache-2.0
 *
 * One byte in, one byte out, through a table of 256: RELU, RELU6, LOGISTIC, HARD_SWISH, LEAKY_RELU,
 * TANH, and QUANTIZE between int8 and uint8. The table is indexed by the input's bit pattern, so
 * signs do not matter here.
 */
#ifndef KERNELS_LOOKUP_LOOKUP_H_
#define KERNELS_LOOKUP_LOOKUP_H_

#include <stdint.h>

struct lookup_x8 {
  const uint8_t *table; /* [256] */
  int32_t channels;     /* bytes of a pixel */
};

/* Any shape. No scratch; `out` may be `in`. */
void lookup_x8_portable(const struct lookup_x8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                        void *scratch);

/* The same for vectors of RISC-V, integers only (Zve32x), of any length. */
void lookup_x8_rvv(const struct lookup_x8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                   void *scratch);

#endif /* KERNELS_LOOKUP_LOOKUP_H_ */
