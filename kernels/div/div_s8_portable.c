/* SPDX-License-Identifier: Apache-2.0 */
#include "div.h"

#include "../common/requant.h"

/* Bits that x can be shifted left by and keep its sign. */
static int32_t sign_bits(int32_t x) {
  uint32_t rest = x < 0 ? ~(uint32_t)x : (uint32_t)x;
  int32_t bits = 31;
  while (rest != 0) {
    rest >>= 1;
    bits--;
  }
  return bits;
}

static int8_t quotient(const struct div_s8 *op, int8_t first, int8_t second) {
  const int32_t divisor = second - op->second_zero_point;
  int32_t dividend = first - op->first_zero_point;
  if (divisor == 0) {
    return (int8_t)(dividend < 0 ? op->out_min : op->out_max);
  }
  if (divisor < 0) {
    dividend = -dividend;
  }
  const int32_t headroom = sign_bits(dividend);
  const int32_t scaled = saturating_rounding_doubling_high_mul(
      (int32_t)((uint32_t)dividend << headroom), op->reciprocals[(uint8_t)second]);
  const int32_t product = saturating_rounding_doubling_high_mul(scaled, op->multiplier);
  const int32_t right = headroom + op->exponents[(uint8_t)second] - op->shift;
  const int32_t result = right > 31 ? 0 : rounding_divide_by_power_of_two(product, right);
  return clamp_s8(result + op->out_zero_point, op->out_min, op->out_max);
}

void div_s8_portable(const struct div_s8 *op, const int8_t *full, const int8_t *other, int8_t *out,
                     int32_t pixels, void *scratch) {
  (void)scratch;
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t i = 0; i < op->period; i++) {
      const int8_t own = *full++;
      *out++ = op->swapped ? quotient(op, other[i], own) : quotient(op, own, other[i]);
    }
    other += op->other_step;
  }
}
