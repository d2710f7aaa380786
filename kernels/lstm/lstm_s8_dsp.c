/* SPDX-License-Identifier: Apache-2.0
 *
 * LSTM for the Armv7E-M DSP extension (Cortex-M4, M7, M33).
 *
 * weights, by unit and side (W, then R): for every four values k of the input, padded with zeros,
 *
 *   uint32 {01: k, k + 2} {23: k, k + 2} {01: k + 1, k + 3} {23: k + 1, k + 3}
 *
 * in which a half {ab} is the weight of gate a + 256 times that of gate b: SMLAD on the halves
 * themselves gives A + 256 B, on their low bytes A. That wants |A + 256 B| < 2^31, and sums that
 * may be shifted to the left as the scales say: the compiler proves both.
 *
 * biases: [units][gates][sides].
 *
 * Values are widened once a step. Per four of them and four gates: 3 LDRD of weights and values,
 * 4 SXTB16, 8 SMLAD for 16 multiply-accumulates. A state of zero is one of zero points.
 *
 * scratch, 4-byte aligned: int16 [inputs and units, each rounded up to four], int16 [units], and
 * int8 [units] unless every_step.
 */
#include <arm_acle.h>
#include <string.h>

#include "../common/requant_dsp.h"
#include "lstm_unit.h"

#define QUAD 4

/* What a scale is to SMMULR: a shift of the doubled sum, then one of the result that rounds. */
struct scale_dsp {
  int32_t multiplier;
  int32_t left;
  int32_t right;
  int32_t half; /* 2^(right - 1), or 0 */
  int32_t sign; /* -1 where there is a right shift: ties go away from zero */
};

static struct scale_dsp prepare(const struct lstm_scale *scale) {
  const int32_t right = scale->shift < 0 ? -scale->shift : 0;
  const struct scale_dsp made = {
      .multiplier = scale->multiplier,
      .left = 1 + scale->shift + right,
      .right = right,
      .half = (1 << right) >> 1,
      .sign = right > 0 ? -1 : 0,
  };
  return made;
}

static inline int32_t high_rounded(int32_t a, int32_t b) {
  int32_t high;
  __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(a), "r"(b));
  return high;
}

/* The compiler's own __ssat warns of its sign. */
static inline int32_t to_int16(int32_t x) {
  __asm__("ssat %0, #16, %0" : "+r"(x) : : "cc");
  return x;
}

static inline int32_t scaled(int32_t sum, const struct scale_dsp *scale) {
  const int32_t high = high_rounded((int32_t)((uint32_t)sum << scale->left), scale->multiplier);
  const int32_t rounded = high + scale->half + ((high >> 31) & scale->sign);
  return to_int16(rounded >> scale->right);
}

static inline void widen_quad(int16x2_t *wide, int8x4_t word) {
  wide[0] = __sxtb16(word);
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(wide[1]) : "r"(word));
}

/* count int8 to int16, in the order of the weights: 0, 2, 1, 3. */
static void widen(int16x2_t *wide, const int8_t *values, int32_t count) {
  int8x4_t word;
  for (; count >= QUAD; count -= QUAD) {
    memcpy(&word, values, QUAD);
    widen_quad(wide, word);
    values += QUAD;
    wide += QUAD / 2;
  }
  if (count > 0) {
    word = 0;
    memcpy(&word, values, (size_t)count);
    widen_quad(wide, word);
  }
}

/* The sums of four gates. Not inlined, so that its loop has the registers to itself. */
static __attribute__((noinline)) const uint32_t *multiply(const uint32_t *weights,
                                                          const int16x2_t *values,
                                                          const int16x2_t *end,
                                                          int32_t sums[LSTM_GATES]) {
  int32_t a = 0, b = 0, c = 0, d = 0;
#pragma GCC unroll 2
  for (; values != end; values += QUAD / 2) {
    const int16x2_t even = values[0], odd = values[1];
    b = __smlad(even, (int16x2_t)weights[0], b);
    a = __smlad(even, __sxtb16((int8x4_t)weights[0]), a);
    d = __smlad(even, (int16x2_t)weights[1], d);
    c = __smlad(even, __sxtb16((int8x4_t)weights[1]), c);
    b = __smlad(odd, (int16x2_t)weights[2], b);
    a = __smlad(odd, __sxtb16((int8x4_t)weights[2]), a);
    d = __smlad(odd, (int16x2_t)weights[3], d);
    c = __smlad(odd, __sxtb16((int8x4_t)weights[3]), c);
    weights += QUAD;
  }
  sums[0] = a;
  sums[1] = (b - a) >> 8;
  sums[2] = c;
  sums[3] = (d - c) >> 8;
  return weights;
}

void lstm_s8_dsp(const struct lstm_s8 *op, const int8_t *in, int8_t *out, void *scratch) {
  const int32_t inputs = op->inputs, units = op->units;
  struct scale_dsp scales[LSTM_GATES][LSTM_SIDES];
  for (int32_t g = 0; g < LSTM_GATES; g++) {
    for (int32_t side = 0; side < LSTM_SIDES; side++) {
      scales[g][side] = prepare(&op->gates[g][side]);
    }
  }
  const int32_t right = -op->hidden.shift;
  const int32_t offset = (2 * op->hidden_zero_point + 1) << (right - 1);
  int16x2_t *const values = scratch;
  int16x2_t *const recurrent = values + (inputs + QUAD - 1) / QUAD * (QUAD / 2);
  int16x2_t *const end = recurrent + (units + QUAD - 1) / QUAD * (QUAD / 2);
  int16_t *const cells = (int16_t *)end;
  int8_t *const other = (int8_t *)(cells + units);
  for (int32_t b = 0; b < op->batches; b++) {
    memset(cells, 0, (size_t)units * sizeof(*cells));
    for (int16x2_t *pair = recurrent; pair < end; pair++) {
      *pair = (int16x2_t)((uint16_t)op->hidden_zero_point * 0x10001U);
    }
    for (int32_t t = 0; t < op->steps; t++) {
      int8_t *next = lstm_step_out(op, out, other, t);
      widen(values, in, inputs);
      const uint32_t *weights = op->weights;
      const int32_t *bias = op->biases;
      for (int32_t u = 0; u < units; u++) {
        int32_t of_input[LSTM_GATES], of_state[LSTM_GATES], gates[LSTM_GATES];
        weights = multiply(weights, values, recurrent, of_input);
        weights = multiply(weights, recurrent, end, of_state);
        for (int32_t g = 0; g < LSTM_GATES; g++) {
          const int32_t both = scaled(of_input[g] + bias[0], &scales[g][0]) +
                               scaled(of_state[g] + bias[1], &scales[g][1]);
          gates[g] = to_int16(both);
          bias += LSTM_SIDES;
        }
        const int32_t shown = lstm_update(op, gates, &cells[u]);
        next[u] = (int8_t)requantize_dsp(2 * shown, op->hidden.multiplier, offset, right - 1);
      }
      widen(recurrent, next, units);
      in += inputs;
    }
    out += op->every_step ? op->steps * units : units;
  }
}
