/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNELS_MAXIMUM_MINIMUM_MAXIMUM_MINIMUM_S16_H_
#define KERNELS_MAXIMUM_MINIMUM_MAXIMUM_MINIMUM_S16_H_

#include "maximum_minimum.h"

static inline int16_t maximum_s16(const struct maximum_minimum_s8 *op, int16_t a, int16_t b) {
  (void)op;
  return a > b ? a : b;
}

static inline int16_t minimum_s16(const struct maximum_minimum_s8 *op, int16_t a, int16_t b) {
  (void)op;
  return a < b ? a : b;
}

#endif /* KERNELS_MAXIMUM_MINIMUM_MAXIMUM_MINIMUM_S16_H_ */
