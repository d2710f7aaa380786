#define KERNEL depthwise_conv2d_s8_7x7s2_dsp
#define DW_K 7
#define DW_S 2
#include "depthwise_kxk_dsp.inc"
