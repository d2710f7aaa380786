/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1, stride 1: pixels are copied into scratch, four at a time, before any output of theirs is
 * written; tiles as conv2d_tile_scalar.h, K = in_channels.
 */
#include <string.h>

#include "conv2d.h"
#include "conv2d_tile_scalar.h"

void conv2d_s8_1x1_scalar(const struct conv2d_s8 *op, const int8_t *in, int8_t *out, int32_t pixels,
                          void *scratch) {
  const int32_t channels = op->in_channels;
  int8_t *inputs = scratch;
  while (pixels > 0) {
    const int32_t count = tile_pixels(pixels);
    memcpy(inputs, in, (size_t)(count * channels));
    conv2d_tile_scalar(op, inputs, channels, out, count);
    in += count * channels;
    out += count * op->out_channels;
    pixels -= count;
  }
}
