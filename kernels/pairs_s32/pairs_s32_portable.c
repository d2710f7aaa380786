/* SPDX-License-Identifier: Apache-2.0 */
#include "pairs_s32.h"

/* Towards zero; the least int32 by -1 wraps around. */
static int32_t divide(int32_t a, int32_t b) {
  if (b == 0) {
    return 0;
  }
  return b == -1 ? (int32_t)(0u - (uint32_t)a) : a / b;
}

static int32_t floor_mod(int32_t a, int32_t b) {
  if (b == 0 || b == -1) {
    return 0;
  }
  const int32_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static int32_t floor_div(int32_t a, int32_t b) {
  const int32_t quotient = divide(a, b);
  return b != 0 && b != -1 && a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

static int32_t value_of(int32_t kind, int32_t a, int32_t b) {
  const uint32_t distance = (uint32_t)a - (uint32_t)b;
  switch (kind) {
    case PAIRS_ADD:
      return (int32_t)((uint32_t)a + (uint32_t)b);
    case PAIRS_SUB:
      return (int32_t)distance;
    case PAIRS_MUL:
      return (int32_t)((uint32_t)a * (uint32_t)b);
    case PAIRS_DIV:
      return divide(a, b);
    case PAIRS_FLOOR_DIV:
      return floor_div(a, b);
    case PAIRS_FLOOR_MOD:
      return floor_mod(a, b);
    case PAIRS_MAXIMUM:
      return a > b ? a : b;
    case PAIRS_MINIMUM:
      return a < b ? a : b;
    default:
      return (int32_t)(distance * distance);
  }
}

void pairs_s32_portable(const struct pairs_s32 *op, const int8_t *full, const int8_t *other,
                        int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t *values = (const int32_t *)(const void *)full;
  const int32_t *others = (const int32_t *)(const void *)other;
  int32_t *results = (int32_t *)(void *)out;
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t i = 0; i < op->period; i++) {
      const int32_t a = op->swapped ? others[i] : *values;
      const int32_t b = op->swapped ? *values : others[i];
      const int32_t value = value_of(op->kind, a, b);
      const int32_t above = value < op->out_min ? op->out_min : value;
      *results++ = above > op->out_max ? op->out_max : above;
      values++;
    }
    others += op->other_step;
  }
}
