/* SPDX-License-Identifier: Apache-2.0
 *
 * LSTM for the Armv7E-M DSP extension (Cortex-M4, M7, M33).
 *
 * weights: struct scale_dsp [LSTM_GATES][LSTM_SIDES], then by unit and side (W, then R): for every
 * four values k of the input, padded with zeros,
 *
 *   uint32 {01: k, k + 2} {23: k, k + 2} {01: k + 1, k + 3} {23: k + 1, k + 3}
 *
 * in which a half {ab} is the weight of gate a + 256 times that of gate b: SMLAD on the halves
 * themselves gives A + 256 B, on their low bytes A. That wants |A + 256 B| < 2^31, and sums that
 * may be shifted to the left as the scales say: the compiler proves both.
 *
 * biases: [units][gates][sides].
 *
 * Values are widened as they are read, so that nothing holds them but the input and the last hidden
 * state. Per four of them and four gates: 2 LDRD of weights, 1 LDR, 6 SXTB16, 8 SMLAD for 16
 * multiply-accumulates. A state of zero adds nothing.
 *
 * scratch, 2-byte aligned: int16 [units] without a state, and int8 [units] unless every_step or
 * steps = 1.
 */
#include <arm_acle.h>
#include <stddef.h>
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

/* Sums of four gates: the first in `low`, with 256 times the second in `both`, and so on. */
struct sums_dsp {
  int32_t low[LSTM_SIDES];
  int32_t both[LSTM_SIDES];
};

static inline struct sums_dsp add_quad(struct sums_dsp sums, const uint32_t *weights,
                                       int8x4_t word) {
  const int16x2_t even = __sxtb16(word);
  int16x2_t odd;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(word));
  sums.both[0] = __smlad(even, (int16x2_t)weights[0], sums.both[0]);
  sums.low[0] = __smlad(even, __sxtb16((int8x4_t)weights[0]), sums.low[0]);
  sums.both[1] = __smlad(even, (int16x2_t)weights[1], sums.both[1]);
  sums.low[1] = __smlad(even, __sxtb16((int8x4_t)weights[1]), sums.low[1]);
  sums.both[0] = __smlad(odd, (int16x2_t)weights[2], sums.both[0]);
  sums.low[0] = __smlad(odd, __sxtb16((int8x4_t)weights[2]), sums.low[0]);
  sums.both[1] = __smlad(odd, (int16x2_t)weights[3], sums.both[1]);
  sums.low[1] = __smlad(odd, __sxtb16((int8x4_t)weights[3]), sums.low[1]);
  return sums;
}

/* The sums of four gates over int8 values. Not inlined, so that its loop has the registers to
 * itself. Behind the last values the weights are zeros. */
static __attribute__((noinline)) const uint32_t *multiply(const uint32_t *weights,
                                                          const int8_t *values, int32_t count,
                                                          int32_t gates[LSTM_GATES]) {
  struct sums_dsp sums = {{0, 0}, {0, 0}};
  int8x4_t word;
  const int8_t *const end = values + count / QUAD * QUAD;
#pragma GCC unroll 2
  while (values != end) {
    memcpy(&word, values, QUAD);
    sums = add_quad(sums, weights, word);
    values += QUAD;
    weights += QUAD;
  }
  if (count % QUAD > 0) {
    word = 0;
    memcpy(&word, values, (size_t)(count % QUAD));
    sums = add_quad(sums, weights, word);
    weights += QUAD;
  }
  for (int32_t pair = 0; pair < LSTM_SIDES; pair++) {
    gates[2 * pair] = sums.low[pair];
    gates[2 * pair + 1] = (sums.both[pair] - sums.low[pair]) >> 8;
  }
  return weights;
}

void lstm_s8_dsp(const struct lstm *op, const int8_t *in, const int8_t *state, int8_t *out,
                 void *scratch) {
  const int32_t inputs = op->inputs, units = op->units;
  const struct scale_dsp *const scales = op->weights;
  const int32_t right = -op->hidden.shift;
  const int32_t offset = (2 * op->hidden_zero_point + 1) << (right - 1);
  int8_t *const first = out;
  out = lstm_hidden_out(op, state, out);
  for (int32_t b = 0; b < op->batches; b++) {
    const struct lstm_states states = lstm_begin(op, state, first, scratch, b, units);
    const int8_t *hidden = states.hidden;
    for (int32_t t = 0; t < op->steps; t++) {
      int8_t *next = lstm_step_out(op, out, states.other, t, units);
      const uint32_t *weights = (const uint32_t *)(scales + LSTM_GATES * LSTM_SIDES);
      const int32_t *bias = op->biases;
      for (int32_t u = 0; u < units; u++) {
        int32_t of_input[LSTM_GATES], of_state[LSTM_GATES], gates[LSTM_GATES];
        weights = multiply(weights, in, inputs, of_input);
        if (hidden != NULL) {
          weights = multiply(weights, hidden, units, of_state);
        } else {
          weights += (units + QUAD - 1) / QUAD * QUAD;
        }
        for (int32_t g = 0; g < LSTM_GATES; g++) {
          gates[g] = scaled(of_input[g] + bias[0], &scales[g * LSTM_SIDES]);
          if (hidden != NULL) {
            gates[g] =
                to_int16(gates[g] + scaled(of_state[g] + bias[1], &scales[g * LSTM_SIDES + 1]));
          }
          bias += LSTM_SIDES;
        }
        const int32_t shown = lstm_update(op, gates, &states.cells[u]);
        next[u] = (int8_t)requantize_dsp(2 * shown, op->hidden.multiplier, offset, right - 1);
      }
      hidden = next;
      in += inputs;
    }
    out += op->every_step ? op->steps * units : units;
  }
}
