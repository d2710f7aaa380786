/* SPDX-License-Identifier: Apache-2.0
 *
 * Byte offsets of struct depthwise_conv2d_s8 on a 32-bit target, for assembler; a C compiler checks
 * them.
 */
#ifndef KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_LAYOUT_H_
#define KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_LAYOUT_H_

#define DEPTHWISE_WEIGHTS 0
#define DEPTHWISE_IN_WIDTH 8
#define DEPTHWISE_OUT_WIDTH 12
#define DEPTHWISE_CHANNELS 14 /* out_channels */
#define DEPTHWISE_PAD_LEFT 28
#define DEPTHWISE_IN_ZERO_POINT 32
#define DEPTHWISE_OUT_ZERO_POINT 34
#define DEPTHWISE_OUT_MIN 36 /* out_max follows */
#define DEPTHWISE_CHUNK_ROWS 40

#ifndef __ASSEMBLER__
#include <stddef.h>

#include "depthwise_conv2d.h"

_Static_assert(
    sizeof(void *) != 4 ||
        (offsetof(struct depthwise_conv2d_s8, in_width) == DEPTHWISE_IN_WIDTH &&
         offsetof(struct depthwise_conv2d_s8, out_width) == DEPTHWISE_OUT_WIDTH &&
         offsetof(struct depthwise_conv2d_s8, out_channels) == DEPTHWISE_CHANNELS &&
         offsetof(struct depthwise_conv2d_s8, pad_left) == DEPTHWISE_PAD_LEFT &&
         offsetof(struct depthwise_conv2d_s8, in_zero_point) == DEPTHWISE_IN_ZERO_POINT &&
         offsetof(struct depthwise_conv2d_s8, out_zero_point) == DEPTHWISE_OUT_ZERO_POINT &&
         offsetof(struct depthwise_conv2d_s8, out_min) == DEPTHWISE_OUT_MIN &&
         offsetof(struct depthwise_conv2d_s8, out_max) == DEPTHWISE_OUT_MIN + 2 &&
         offsetof(struct depthwise_conv2d_s8, chunk_rows) == DEPTHWISE_CHUNK_ROWS),
    "struct depthwise_conv2d_s8 and the assembler rows disagree");
#endif

#endif /* KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_LAYOUT_H_ */
