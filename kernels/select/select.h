/* SPDX-License-Identifier: Apache-2.0
 *
 * SELECT and SELECT_V2: out[i] = mask[i] ? first[i] : second[i], values of any type.
 */
#ifndef KERNELS_SELECT_SELECT_H_
#define KERNELS_SELECT_SELECT_H_

#include <stdint.h>

struct select_bytes {
  int32_t period;     /* values of a "pixel" */
  int32_t item_bytes; /* of a value */
  int32_t first_step; /* bytes from value to value: item_bytes, or 0 for one value of all */
  int32_t second_step;
};

/* Any shape. No scratch. */
void select_portable(const struct select_bytes *op, const int8_t *mask, const int8_t *first,
                     const int8_t *second, int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_SELECT_SELECT_H_ */
