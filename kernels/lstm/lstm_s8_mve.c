/* SPDX-License-Identifier: Apache-2.0
 *
 * LSTM for Cortex-M55, four units at a time.
 *
 * weights: int8, by four units (the last ones padded with zeros), gate and side (W, then R):
 * [4 units][inputs or units], and 16 zeros behind all. Rows are read in vectors of 16 that end
 * beyond them: there the values, padded with zeros, make nothing of what they find.
 * biases: int32 [units / 4][LSTM_GATES][LSTM_SIDES][4]. Any sums and shifts, but for the hidden
 * state's, which is to the right.
 *
 * scratch, 4-byte aligned: int8 [inputs and units, each rounded up to 16], int16 [units rounded up
 * to 4], and int8 [units] unless every_step.
 */
#include <arm_mve.h>
#include <stddef.h>
#include <string.h>

#include "lstm_unit.h"

#define LANES 4
#define VECTOR 16

/* Of four rows of weights, one behind the other, with the same values. */
static inline int32x4_t multiply(const int8_t *weights, const int8_t *values, int32_t count) {
  int32_t a = 0, b = 0, c = 0, d = 0;
  const int8_t *const second = weights + count;
  const int8_t *const third = second + count;
  const int8_t *const fourth = third + count;
  for (int32_t k = 0; k < count; k += VECTOR) {
    const int8x16_t x = vldrbq_s8(values + k);
    a = vmladavaq_s8(a, x, vldrbq_s8(weights + k));
    b = vmladavaq_s8(b, x, vldrbq_s8(second + k));
    c = vmladavaq_s8(c, x, vldrbq_s8(third + k));
    d = vmladavaq_s8(d, x, vldrbq_s8(fourth + k));
  }
  const int32_t sums[LANES] = {a, b, c, d};
  return vldrwq_s32(sums);
}

static inline int32x4_t clamp(int32x4_t x, int32_t low, int32_t high) {
  return vmaxq_s32(vminq_s32(x, vdupq_n_s32(high)), vdupq_n_s32(low));
}

/* x / 2^right, ties away from zero; right > 0. */
static inline int32x4_t divide(int32x4_t x, int32_t right) {
  return vrshlq_n_s32(vaddq_s32(x, vshrq_n_s32(x, 31)), -right);
}

/* requantize_mve() of one scale for all lanes, of any shift. */
static inline int32x4_t requantize4(int32x4_t x, const struct lstm_scale *scale) {
  if (scale->shift >= 0) {
    return vqrdmulhq_n_s32(vshlq_r_s32(x, scale->shift), scale->multiplier);
  }
  return divide(vqrdmulhq_n_s32(x, scale->multiplier), -scale->shift);
}

/* lstm_between() of four. */
static inline int32x4_t between(const uint16_t *points, uint32x4_t index, uint32x4_t fraction,
                                int32_t bits) {
  const uint32x4_t low = vldrhq_gather_shifted_offset_u32(points, index);
  const uint32x4_t high = vldrhq_gather_shifted_offset_u32(points + 1, index);
  const uint32x4_t line = vmulq_u32(fraction, vsubq_u32(high, low));
  return vreinterpretq_s32_u32(vaddq_u32(vshlq_r_u32(low, bits), line));
}

/* lstm_sigmoid() of four. */
static inline int32x4_t sigmoid(const uint16_t *points, int32x4_t x) {
  const int32x4_t scaled = vmulq_n_s32(x, 3);
  const uint32x4_t magnitude = vreinterpretq_u32_s32(vabsq_s32(scaled));
  const int32x4_t curve =
      between(points, vshrq_n_u32(magnitude, 9), vandq_u32(magnitude, vdupq_n_u32(511)), 9);
  const int32x4_t mirrored = vsubq_s32(vdupq_n_s32((1 << 25) + 511), curve);
  const mve_pred16_t negative = vcmpltq_n_s32(scaled, 0);
  return vshrq_n_s32(vpselq_s32(mirrored, vaddq_n_s32(curve, 512), negative), 10);
}

/* lstm_tanh() of four. */
static inline int32x4_t tanh4(const uint16_t *points, int32x4_t scaled) {
  const uint32x4_t magnitude = vreinterpretq_u32_s32(vabsq_s32(scaled));
  const uint32x4_t index = vshrq_n_u32(magnitude, 8);
  const int32x4_t line = between(points, vminq_u32(index, vdupq_n_u32(254)),
                                 vandq_u32(magnitude, vdupq_n_u32(255)), 8);
  const mve_pred16_t beyond = vcmphiq_n_u32(index, 254);
  const int32x4_t curve = vpselq_s32(vdupq_n_s32(0xFFFF << 8), line, beyond);
  const int32x4_t above = vsubq_n_s32(curve, 1 << 23);
  const mve_pred16_t negative = vcmpltq_n_s32(scaled, 0);
  const int32x4_t mirrored = vsubq_s32(vdupq_n_s32(127), above);
  return vshrq_n_s32(vpselq_s32(mirrored, vaddq_n_s32(above, 128), negative), 8);
}

/* lstm_update() and the new hidden state of four units. */
static inline int32x4_t update(const struct lstm_s8 *op, const int32x4_t gates[LSTM_GATES],
                               int16_t *cells) {
  const uint16_t *points = op->sigmoid;
  const int32x4_t candidate =
      vmulq_s32(sigmoid(points, gates[0]), tanh4(points, vmulq_n_s32(gates[2], 3)));
  const int32x4_t added = clamp(divide(vrshrq_n_s32(candidate, 1), op->cell_shift), -32768, 32767);
  const int32x4_t remembered = vmulq_s32(sigmoid(points, gates[1]), vldrhq_s32(cells));
  const int32x4_t kept = divide(vrshrq_n_s32(remembered, 1), 14);
  int32x4_t state = clamp(vaddq_s32(kept, added), -32768, 32767);
  if (op->cell_clip > 0) {
    state = clamp(state, -op->cell_clip, op->cell_clip);
  }
  vstrhq_s32(cells, state);
  const int32x4_t wide = vmulq_n_s32(state, op->tanh_multiplier);
  const int32x4_t scaled = op->tanh_shift > 0 ? vrshlq_n_s32(wide, -op->tanh_shift) : wide;
  const int32x4_t shown = vmulq_s32(tanh4(points, scaled), sigmoid(points, gates[3]));
  const int32x4_t hidden = vaddq_n_s32(requantize4(shown, &op->hidden), op->hidden_zero_point);
  return clamp(hidden, INT8_MIN, INT8_MAX);
}

void lstm_s8_mve(const struct lstm_s8 *op, const int8_t *in, int8_t *out, void *scratch) {
  const int32_t inputs = op->inputs, units = op->units;
  int8_t *const values = scratch;
  int8_t *const recurrent = values + (inputs + VECTOR - 1) / VECTOR * VECTOR;
  int8_t *const end = recurrent + (units + VECTOR - 1) / VECTOR * VECTOR;
  int16_t *const cells = (int16_t *)(void *)end;
  int8_t *const other = (int8_t *)(cells + (units + LANES - 1) / LANES * LANES);
  for (int32_t b = 0; b < op->batches; b++) {
    memset(values, 0, (size_t)(other - values));
    memset(recurrent, op->hidden_zero_point, (size_t)units);
    for (int32_t t = 0; t < op->steps; t++) {
      int8_t *next = lstm_step_out(op, out, other, t);
      memcpy(values, in, (size_t)inputs);
      const int8_t *weights = op->weights;
      const int32_t *biases = op->biases;
      for (int32_t u = 0; u < units; u += LANES) {
        int32x4_t gates[LSTM_GATES];
        for (int32_t g = 0; g < LSTM_GATES; g++) {
          const int32x4_t of_input =
              vaddq_s32(multiply(weights, values, inputs), vldrwq_s32(biases));
          weights += LANES * inputs;
          const int32x4_t of_state =
              vaddq_s32(multiply(weights, recurrent, units), vldrwq_s32(biases + LANES));
          weights += LANES * units;
          biases += LSTM_SIDES * LANES;
          const int32x4_t one = clamp(requantize4(of_input, &op->gates[g][0]), -32768, 32767);
          const int32x4_t two = clamp(requantize4(of_state, &op->gates[g][1]), -32768, 32767);
          gates[g] = clamp(vaddq_s32(one, two), -32768, 32767);
        }
        const int32x4_t hidden = update(op, gates, cells + u);
        vstrbq_p_s32(next + u, hidden, vctp32q((uint32_t)(units - u)));
      }
      memcpy(recurrent, next, (size_t)units);
      in += inputs;
    }
    out += op->every_step ? op->steps * units : units;
  }
}
