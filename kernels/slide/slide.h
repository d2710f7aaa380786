/* SPDX-License-Identifier: Apache-2.0
 *
 * SLIDE: a ring of rows that moves on. What is held, without its first bytes, then the new ones.
 */
#ifndef KERNELS_SLIDE_SLIDE_H_
#define KERNELS_SLIDE_SLIDE_H_

#include <stdint.h>

struct slide_x8 {
  int32_t kept_bytes; /* of what is held, its end */
  int32_t new_bytes;
};

/* Any type. No scratch; `out` may be `held`. */
void slide_x8_portable(const struct slide_x8 *op, const int8_t *held, const int8_t *new_rows,
                       int8_t *out, void *scratch);

#endif /* KERNELS_SLIDE_SLIDE_H_ */
