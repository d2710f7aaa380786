/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1 convolution, stride 1: 17 instructions for 24 multiply-accumulates, 50 for the rest of 6
 * outputs, 18 to widen 12 inputs. Two channels share a register, so doubled sums must stay below
 * 2^23. Contract: conv2d_1x1_dsp.inc.
 */
#define KERNEL conv2d_s8_1x1_dsp
#define TILE_WIDE 0
#include "conv2d_1x1_dsp.inc"
