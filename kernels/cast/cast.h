/* SPDX-License-Identifier: Apache-2.0
 *
 * CAST: every value in another type. Integers keep their low bits, reals lose what is behind the
 * point, and everything but 0 is true.
 */
#ifndef KERNELS_CAST_CAST_H_
#define KERNELS_CAST_CAST_H_

#include <stdint.h>

enum cast_type { CAST_S8, CAST_U8, CAST_BOOL, CAST_S16, CAST_S32, CAST_S64, CAST_F32, CAST_U32 };

struct cast {
  int32_t channels; /* values of a "pixel" */
  int32_t from;
  int32_t to;
};

/* Any shape. No scratch. */
void cast_portable(const struct cast *op, const int8_t *in, int8_t *out, int32_t pixels,
                   void *scratch);

#endif /* KERNELS_CAST_CAST_H_ */
