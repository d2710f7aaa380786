/* SPDX-License-Identifier: Apache-2.0
 *
 * PAD of [n, h, w, c] with a constant byte; the last axis counts bytes.
 */
#ifndef KERNELS_PAD_PAD_H_
#define KERNELS_PAD_PAD_H_

#include <stdint.h>

#define PAD_AXES 4

struct pad_s8 {
  int32_t size[PAD_AXES]; /* of the input */
  int32_t before[PAD_AXES];
  int32_t after[PAD_AXES];
  int32_t value;
};

/* Any shape. No scratch. */
void pad_s8_portable(const struct pad_s8 *op, const int8_t *in, int8_t *out, void *scratch);

/* Of values of four bytes, which the last axis counts; `value` is their bits. */
void pad_s32_portable(const struct pad_s8 *op, const int8_t *in, int8_t *out, void *scratch);

/* The same of int16. */
void pad_s16_portable(const struct pad_s8 *op, const int8_t *in, int8_t *out, void *scratch);

#endif /* KERNELS_PAD_PAD_H_ */
