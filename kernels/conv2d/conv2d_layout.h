/* SPDX-License-Identifier: Apache-2.0
 *
 * Byte offsets of struct conv2d_s8 on a 32-bit target, for assembler; a C compiler checks them.
 */
#ifndef KERNELS_CONV2D_CONV2D_LAYOUT_H_
#define KERNELS_CONV2D_CONV2D_LAYOUT_H_

#define CONV2D_WEIGHTS 0
#define CONV2D_IN_WIDTH 8
#define CONV2D_IN_CHANNELS 10
#define CONV2D_OUT_WIDTH 12
#define CONV2D_OUT_CHANNELS 14
#define CONV2D_KERNEL_HEIGHT 16
#define CONV2D_KERNEL_WIDTH 18
#define CONV2D_STRIDE_HEIGHT 20
#define CONV2D_STRIDE_WIDTH 22
#define CONV2D_DILATION_HEIGHT 24
#define CONV2D_DILATION_WIDTH 26
#define CONV2D_PAD_LEFT 28
#define CONV2D_IN_ZERO_POINT 30
#define CONV2D_OUT_ZERO_POINT 32
#define CONV2D_OUT_MIN 34 /* out_max follows */

#ifndef __ASSEMBLER__
#include <stddef.h>

#include "conv2d.h"

_Static_assert(sizeof(void *) != 4 ||
                   (offsetof(struct conv2d_s8, in_width) == CONV2D_IN_WIDTH &&
                    offsetof(struct conv2d_s8, in_channels) == CONV2D_IN_CHANNELS &&
                    offsetof(struct conv2d_s8, out_width) == CONV2D_OUT_WIDTH &&
                    offsetof(struct conv2d_s8, out_channels) == CONV2D_OUT_CHANNELS &&
                    offsetof(struct conv2d_s8, kernel_height) == CONV2D_KERNEL_HEIGHT &&
                    offsetof(struct conv2d_s8, kernel_width) == CONV2D_KERNEL_WIDTH &&
                    offsetof(struct conv2d_s8, stride_height) == CONV2D_STRIDE_HEIGHT &&
                    offsetof(struct conv2d_s8, stride_width) == CONV2D_STRIDE_WIDTH &&
                    offsetof(struct conv2d_s8, dilation_height) == CONV2D_DILATION_HEIGHT &&
                    offsetof(struct conv2d_s8, dilation_width) == CONV2D_DILATION_WIDTH &&
                    offsetof(struct conv2d_s8, pad_left) == CONV2D_PAD_LEFT &&
                    offsetof(struct conv2d_s8, in_zero_point) == CONV2D_IN_ZERO_POINT &&
                    offsetof(struct conv2d_s8, out_zero_point) == CONV2D_OUT_ZERO_POINT &&
                    offsetof(struct conv2d_s8, out_min) == CONV2D_OUT_MIN &&
                    offsetof(struct conv2d_s8, out_max) == CONV2D_OUT_MIN + 2),
               "struct conv2d_s8 and the assembler rows disagree");
#endif

#endif /* KERNELS_CONV2D_CONV2D_LAYOUT_H_ */
