/* SPDX-License-Identifier: Apache-2.0
 *
 * LSTM for Cortex-M55, four units at a time.
 *
 * weights: int8, by four units (the last ones padded with zeros), gate and side (W, then R):
 * [4 units][inputs or units].
 * biases: int32 [units / 4][LSTM_GATES][LSTM_SIDES][4]. Any sums and shifts, but for the hidden
 * state's, which is to the right.
 *
 * scratch, 2-byte aligned: int16 [units] without a state, and int8 [units] unless every_step or
 * steps = 1.
 */
#include <arm_mve.h>
#include <stddef.h>

#include "../common/products_mve.h"
#include "lstm_unit.h"

#define LANES 4

/* Not inlined, so that its loop has the registers to itself. */
static __attribute__((noinline)) int32x4_t multiply(int32x4_t start, const int8_t *values,
                                                    const int8_t *weights, int32_t count) {
  return add_products_mve(start, values, weights, count);
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

/* lstm_update() and the new hidden state of the four units in `lanes`, or fewer. */
static inline int32x4_t update(const struct lstm *op, const int32x4_t gates[LSTM_GATES],
                               int16_t *cells, mve_pred16_t lanes) {
  const uint16_t *points = op->sigmoid;
  const int32x4_t candidate =
      vmulq_s32(sigmoid(points, gates[0]), tanh4(points, vmulq_n_s32(gates[2], 3)));
  const int32x4_t added = clamp(divide(vrshrq_n_s32(candidate, 1), op->cell_shift), -32768, 32767);
  const int32x4_t remembered = vmulq_s32(sigmoid(points, gates[1]), vldrhq_z_s32(cells, lanes));
  const int32x4_t kept = divide(vrshrq_n_s32(remembered, 1), 14);
  int32x4_t state = clamp(vaddq_s32(kept, added), -32768, 32767);
  if (op->cell_clip > 0) {
    state = clamp(state, -op->cell_clip, op->cell_clip);
  }
  vstrhq_p_s32(cells, state, lanes);
  const int32x4_t wide = vmulq_n_s32(state, op->tanh_multiplier);
  const int32x4_t scaled = op->tanh_shift > 0 ? vrshlq_n_s32(wide, -op->tanh_shift) : wide;
  const int32x4_t shown = vmulq_s32(tanh4(points, scaled), sigmoid(points, gates[3]));
  const int32x4_t hidden = vaddq_n_s32(requantize4(shown, &op->hidden), op->hidden_zero_point);
  return clamp(hidden, INT8_MIN, INT8_MAX);
}

void lstm_s8_mve(const struct lstm *op, const int8_t *in, const int8_t *state, int8_t *out,
                 void *scratch) {
  const int32_t inputs = op->inputs, units = op->units;
  int8_t *const first = out;
  out = lstm_hidden_out(op, state, out);
  for (int32_t b = 0; b < op->batches; b++) {
    const struct lstm_states states = lstm_begin(op, state, first, scratch, b, units);
    const int8_t *before = states.hidden;
    for (int32_t t = 0; t < op->steps; t++) {
      int8_t *next = lstm_step_out(op, out, states.other, t, units);
      const int8_t *weights = op->weights;
      const int32_t *biases = op->biases;
      for (int32_t u = 0; u < units; u += LANES) {
        int32x4_t gates[LSTM_GATES];
        for (int32_t g = 0; g < LSTM_GATES; g++) {
          const int32x4_t of_input = multiply(vldrwq_s32(biases), in, weights, inputs);
          gates[g] = clamp(requantize4(of_input, &op->gates[g][0]), -32768, 32767);
          weights += LANES * inputs;
          if (before != NULL) {
            const int32x4_t of_state = multiply(vldrwq_s32(biases + LANES), before, weights, units);
            const int32x4_t two = clamp(requantize4(of_state, &op->gates[g][1]), -32768, 32767);
            gates[g] = clamp(vaddq_s32(gates[g], two), -32768, 32767);
          }
          weights += LANES * units;
          biases += LSTM_SIDES * LANES;
        }
        const mve_pred16_t lanes = vctp32q((uint32_t)(units - u));
        vstrbq_p_s32(next + u, update(op, gates, states.cells + u, lanes), lanes);
      }
      before = next;
      in += inputs;
    }
    out += op->every_step ? op->steps * units : units;
  }
}
