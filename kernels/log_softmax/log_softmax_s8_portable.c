/* SPDX-License-Identifier: Apache-2.0 */
#include "log_softmax.h"

#include "../common/reciprocal.h"

#define ROOT_OF_HALF 1518500250         /* in Q0.31, as all that follow but the last */
#define ROOT_OF_ROOT_OF_HALF 1805811301 /* the middle of an octave */
#define LOG_2 1488522236
#define QUARTER (1 << 23) /* in Q6.25 */

static int32_t high_mul(int32_t a, int32_t b) {
  return saturating_rounding_doubling_high_mul(a, b);
}

static int32_t clamped(int64_t x) {
  return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

static int32_t shifted_left(int32_t x, int32_t bits) {
  return clamped((int64_t)x * ((int64_t)1 << bits));
}

/* The logarithm of r 2^power: a quotient of two polynomials around the middle of the octave. */
static int32_t log_of_octave(int32_t r, int32_t power) {
  const int64_t total = (int64_t)r + ROOT_OF_ROOT_OF_HALF;
  const int32_t p = (int32_t)((total + (total >= 0 ? 1 : -1)) / 2);
  const int32_t q = (int32_t)(2u * ((uint32_t)r - (uint32_t)ROOT_OF_ROOT_OF_HALF));
  const int32_t square = high_mul(q, q);
  const int32_t numerator = high_mul(q, r) + high_mul(high_mul(q, square), 117049297);
  const uint32_t inner = 1057819769u + (uint32_t)q + (uint32_t)high_mul(127690142, square);
  const int32_t denominator = high_mul(p, (int32_t)inner) + high_mul(638450708, q);
  const int32_t share =
      high_mul(rounding_divide_by_power_of_two(numerator, 6), one_over_one_plus_x(denominator));
  return shifted_left(high_mul(power, LOG_2) + share, 1);
}

/* The natural logarithm in Q5.26 of a sum from 1 up in Q12.19. */
static int32_t log_of_sum(int32_t z) {
  const int32_t high = leading_zeros((uint32_t)z);
  const int32_t first = shifted_left(high_mul(shifted_left(z, high - 1), ROOT_OF_HALF), 1);
  const int32_t first_power = clamped((int64_t)shifted_left(12 - high, 25) + QUARTER);
  const int32_t low = leading_zeros((uint32_t)high_mul(z, ROOT_OF_HALF)) - 1;
  const int32_t second = shifted_left(z, low);
  const int32_t second_power = clamped((int64_t)shifted_left(12 - low, 25) - QUARTER);
  return log_of_octave(first < second ? first : second,
                       first_power > second_power ? first_power : second_power);
}

static void make_row(const struct log_softmax_s8 *op, const int8_t *in, int8_t *out) {
  int32_t most = in[0];
  for (int32_t i = 1; i < op->depth; i++) {
    most = in[i] > most ? in[i] : most;
  }
  int32_t sum = 0;
  for (int32_t i = 0; i < op->depth; i++) {
    const int32_t difference = most - in[i];
    sum += difference < op->entries ? op->exponentials[difference] : 0;
  }
  const int32_t log_sum = log_of_sum(sum);
  const int32_t bound =
      requantize((int32_t)((uint32_t)log_sum + 0x80000000u), op->back_multiplier, op->back_shift);
  const int32_t least = op->least > bound ? op->least : bound;
  for (int32_t i = 0; i < op->depth; i++) {
    const int32_t difference = in[i] - most;
    int32_t result = INT8_MIN;
    if (difference > least) {
      const int32_t scaled = requantize(difference, op->multiplier, op->shift);
      result = rounding_divide_by_power_of_two(scaled - log_sum, 22) + INT8_MAX;
    }
    out[i] = clamp_s8(result, INT8_MIN, INT8_MAX);
  }
}

void log_softmax_s8_portable(const struct log_softmax_s8 *op, const int8_t *in, int8_t *out,
                             void *scratch) {
  (void)scratch;
  for (int32_t row = 0; row < op->rows; row++) {
    make_row(op, in, out);
    in += op->depth;
    out += op->depth;
  }
}
