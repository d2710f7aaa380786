/* SPDX-License-Identifier: Apache-2.0
 *
 * 7 x 7 depthwise convolution, stride 1: contract and weight stream in depthwise_kxk_dsp.inc.
 */
#define KERNEL depthwise_conv2d_s8_7x7_dsp
#define DW_K 7
#define DW_S 1
#include "depthwise_kxk_dsp.inc"
