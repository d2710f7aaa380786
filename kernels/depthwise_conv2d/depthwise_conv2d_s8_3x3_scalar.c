/* SPDX-License-Identifier: Apache-2.0
 *
 * 3 x 3 windows, see depthwise_3x3_scalar.h.
 */
#include "depthwise_conv2d.h"
#include "../common/requant_scalar.h"

#define REQUANTIZE requantize_scalar
#include "depthwise_3x3_scalar.h"

void depthwise_conv2d_s8_3x3_scalar(const struct depthwise_conv2d_s8 *op,
                                    const int8_t *const *in_rows, int8_t *const *out_rows,
                                    int32_t rows, void *scratch) {
  convolve_3x3(op, in_rows, out_rows, rows, scratch);
}
