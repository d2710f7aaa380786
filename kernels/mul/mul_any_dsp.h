/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of any scale and clamp for the Armv7E-M DSP extension, by requantize_any of
 * requant_dsp.inc: some 20 instructions per value.
 */
#ifndef KERNELS_MUL_MUL_ANY_DSP_H_
#define KERNELS_MUL_MUL_ANY_DSP_H_

#include <stdint.h>

#include "../common/requant_dsp.h"
#include "mul.h"

static inline void mul_run_any(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
                               int8_t *out, int32_t count) {
  const int32_t first_zero_point = op->first_zero_point, second_zero_point = op->second_zero_point;
  const int32_t multiplier = op->multiplier, low = op->out_min, high = op->out_max;
  const int32_t zero_point = 2 * op->out_zero_point + 1;
  /* The product is not doubled: `left` is one more. */
  const int32_t shifts =
      op->shift < 0 ? -op->shift | 1 << 16 | 1 << 23 : (int32_t)(op->shift + 1) << 16;
  for (int32_t i = 0; i < count; i++) {
    const int32_t product = (first[i] - first_zero_point) * (second[i] - second_zero_point);
    out[i] = clamp_s8(requantize_any_dsp(product, multiplier, shifts, zero_point), low, high);
  }
}

#endif /* KERNELS_MUL_MUL_ANY_DSP_H_ */
