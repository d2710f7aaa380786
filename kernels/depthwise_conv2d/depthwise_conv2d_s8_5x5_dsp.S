/* SPDX-License-Identifier: Apache-2.0
 *
 * 5 x 5 depthwise convolution, stride 1: contract and weight stream in depthwise_kxk_dsp.inc.
 */
#define KERNEL depthwise_conv2d_s8_5x5_dsp
#define DW_K 5
#define DW_S 1
#include "depthwise_kxk_dsp.inc"
