/* SPDX-License-Identifier: Apache-2.0
 *
 * MAXIMUM and MINIMUM of two int8 tensors of one scale and zero point:
 *
 *   out[i] = max(first[i], second[i % period])
 */
#ifndef KERNELS_MAXIMUM_MINIMUM_MAXIMUM_MINIMUM_H_
#define KERNELS_MAXIMUM_MINIMUM_MAXIMUM_MINIMUM_H_

#include <stdint.h>

#include "../common/values_s16.h"

struct maximum_minimum_s8 {
  int32_t period; /* values of a "pixel" */
};

/* Two operands of the same shape. No scratch; `out` may be either operand. */
void maximum_s8_portable(const struct maximum_minimum_s8 *op, const int8_t *first,
                         const int8_t *second, int8_t *out, int32_t pixels, void *scratch);

void minimum_s8_portable(const struct maximum_minimum_s8 *op, const int8_t *first,
                         const int8_t *second, int8_t *out, int32_t pixels, void *scratch);

/* The second operand is one pixel that repeats. No scratch; `out` may be `first`. */
void maximum_broadcast_s8_portable(const struct maximum_minimum_s8 *op, const int8_t *first,
                                   const int8_t *second, int8_t *out, int32_t pixels,
                                   void *scratch);

void minimum_broadcast_s8_portable(const struct maximum_minimum_s8 *op, const int8_t *first,
                                   const int8_t *second, int8_t *out, int32_t pixels,
                                   void *scratch);

/* The same of int16. */
void maximum_s16_portable(const struct maximum_minimum_s8 *op, const int8_t *first,
                          const int8_t *second, int8_t *out, int32_t pixels, void *scratch);
void maximum_broadcast_s16_portable(const struct maximum_minimum_s8 *op, const int8_t *first,
                                    const int8_t *second, int8_t *out, int32_t pixels,
                                    void *scratch);
void minimum_s16_portable(const struct maximum_minimum_s8 *op, const int8_t *first,
                          const int8_t *second, int8_t *out, int32_t pixels, void *scratch);
void minimum_broadcast_s16_portable(const struct maximum_minimum_s8 *op, const int8_t *first,
                                    const int8_t *second, int8_t *out, int32_t pixels,
                                    void *scratch);

#endif /* KERNELS_MAXIMUM_MINIMUM_MAXIMUM_MINIMUM_H_ */
