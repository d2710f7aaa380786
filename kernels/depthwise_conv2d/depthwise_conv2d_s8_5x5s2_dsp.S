#define KERNEL depthwise_conv2d_s8_5x5s2_dsp
#define DW_K 5
#define DW_S 2
#include "depthwise_kxk_dsp.inc"
