/* SPDX-License-Identifier: Apache-2.0
 *
 * Any window, strides and dilations, for the Armv7E-M DSP extension: multiplier 1, at least 4
 * channels. The rows for one size of window keep what neighbouring outputs share, and are faster.
 *
 * A pixel's window is a list of addresses; taps outside the image point to a pixel of zero points.
 * Four channels of two taps are one step.
 *
 * weights: words; for each four channels, of which the last begin at out_channels - 4:
 *   four times bias, multiplier and shifts; then for each two taps a and b
 *   int8 (a0, a1, b0, b1), (a2, a3, b2, b3). An odd last tap has a neighbour of weights 0.
 * Any scale and bias: requantize_any of requant_dsp.inc.
 *
 * scratch: 4-byte aligned; an address for each tap, their number made even, and a pixel.
 */
#include <string.h>

#include "../common/requant_dsp.h"
#include "depthwise_conv2d.h"

#define CHANNELS 4  /* of a step */
#define CONSTANTS 3 /* of a channel */

/* The lower halves of a and b. */
static inline uint32_t lower_halves(uint32_t a, uint32_t b) {
  uint32_t word;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(word) : "r"(a), "r"(b));
  return word;
}

/* Addresses of a window's taps, the first column being `left`. */
static void list_taps(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                      int32_t left, const int8_t *outside, const int8_t **taps) {
  const int32_t channels = op->out_channels, width = op->in_width;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    const int8_t *row = *in_rows;
    in_rows += op->dilation_height;
    int32_t column = left;
    for (int32_t j = op->kernel_width; j > 0; j--) {
      *taps++ = (uint32_t)column < (uint32_t)width ? row + column * channels : outside;
      column += op->dilation_width;
    }
  }
}

/* Adds the products of four channels from c on. In assembler, as compilers run out of registers;
 * not inlined, as the loop wants all of them. */
static __attribute__((noinline)) void multiply(const int8_t *const *taps, int32_t pairs, int32_t c,
                                               const int32_t *weights, int32_t sums[CHANNELS]) {
  int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
  int32_t first, second, values, pair, even;
  __asm__ volatile(
      "1:\n\t"
      "ldrd %[first], %[second], [%[taps]], #8\n\t"
      "ldr %[first], [%[first], %[c]]\n\t"
      "ldr %[second], [%[second], %[c]]\n\t"
      "ldr %[pair], [%[weights]], #4\n\t"
      "pkhbt %[values], %[first], %[second], lsl #16\n\t"
      "pkhtb %[second], %[second], %[first], asr #16\n\t"
      "sxtb16 %[even], %[pair]\n\t"
      "sxtb16 %[first], %[values]\n\t"
      "sxtb16 %[pair], %[pair], ror #8\n\t"
      "sxtb16 %[values], %[values], ror #8\n\t"
      "smlad %[sum0], %[first], %[even], %[sum0]\n\t"
      "smlad %[sum1], %[values], %[pair], %[sum1]\n\t"
      "ldr %[pair], [%[weights]], #4\n\t"
      "sxtb16 %[first], %[second]\n\t"
      "sxtb16 %[second], %[second], ror #8\n\t"
      "sxtb16 %[even], %[pair]\n\t"
      "sxtb16 %[pair], %[pair], ror #8\n\t"
      "smlad %[sum2], %[first], %[even], %[sum2]\n\t"
      "smlad %[sum3], %[second], %[pair], %[sum3]\n\t"
      "subs %[pairs], %[pairs], #1\n\t"
      "bne 1b"
      : [taps] "+r"(taps), [pairs] "+r"(pairs), [weights] "+r"(weights), [sum0] "+r"(sum0),
        [sum1] "+r"(sum1), [sum2] "+r"(sum2), [sum3] "+r"(sum3), [first] "=&r"(first),
        [second] "=&r"(second), [values] "=&r"(values), [pair] "=&r"(pair), [even] "=&r"(even)
      : [c] "r"(c)
      : "cc", "memory");
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
}

/* All channels of one output pixel. */
static void convolve_pixel(const struct depthwise_conv2d_s8 *op, const int8_t *const *taps,
                           int32_t pairs, int8_t *out) {
  const int32_t *constants = op->weights;
  const int32_t last = op->out_channels - CHANNELS, zero_point = 2 * op->out_zero_point + 1;
  const uint32_t low = 0x01010101u * (uint8_t)op->out_min;
  const uint32_t high = 0x01010101u * (uint8_t)op->out_max;
  for (int32_t c = 0; c < op->out_channels; c += CHANNELS) {
    if (c > last) {
      /* The last four channels once more: some of them are known already. */
      c = last;
    }
    int32_t sums[CHANNELS];
    for (int32_t k = 0; k < CHANNELS; k++) {
      sums[k] = constants[CONSTANTS * k];
    }
    multiply(taps, pairs, c, constants + CONSTANTS * CHANNELS, sums);
    for (int32_t k = 0; k < CHANNELS; k++) {
      const int32_t *channel = constants + CONSTANTS * k;
      sums[k] = requantize_any_dsp(sums[k], channel[1], channel[2], zero_point);
    }
    const uint32_t even = lower_halves((uint32_t)sums[0], (uint32_t)sums[2]) & 0xff00ff;
    const uint32_t odd = lower_halves((uint32_t)sums[1], (uint32_t)sums[3]) & 0xff00ff;
    const uint32_t word = clamp_bytes_dsp(even | odd << 8, low, high);
    memcpy(out + c, &word, 4);
    constants += CONSTANTS * CHANNELS + 2 * pairs;
  }
}

void depthwise_conv2d_s8_dsp(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                             int8_t *const *out_rows, int32_t rows, void *scratch) {
  const int8_t **taps = scratch;
  const int32_t pairs = (op->kernel_height * op->kernel_width + 1) / 2;
  int8_t *outside = (int8_t *)(taps + 2 * pairs);
  memset(outside, op->in_zero_point, (size_t)op->out_channels);
  /* The neighbour of an odd last tap. */
  taps[2 * pairs - 1] = outside;
  for (int32_t r = 0; r < rows; r++) {
    int8_t *out = out_rows[r];
    for (int32_t x = 0; x < op->out_width; x++) {
      list_taps(op, in_rows + r * op->stride_height, x * op->stride_width - op->pad_left, outside,
                taps);
      convolve_pixel(op, (const int8_t *const *)taps, pairs, out);
      out += op->out_channels;
    }
  }
}
