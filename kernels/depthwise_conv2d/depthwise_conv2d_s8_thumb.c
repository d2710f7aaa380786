/* SPDX-License-Identifier: Apache-2.0
 *
 * Any window, see depthwise_any_scalar.h.
 */
#include "depthwise_conv2d.h"
#include "../common/requant_thumb.h"

#define REQUANTIZE requantize_thumb
#include "depthwise_any_scalar.h"

void depthwise_conv2d_s8_thumb(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                               int8_t *const *out_rows, int32_t rows, void *scratch) {
  (void)scratch;
  convolve_any(op, in_rows, out_rows, rows);
}
