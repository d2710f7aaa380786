/* SPDX-License-Identifier: Apache-2.0 */
#include "cast.h"

#include "../common/real.h"
#include "../common/values_s16.h"

/* 2^63 and beyond, and NaN, have no integer: they give 0. */
static int64_t whole_part(float x) {
  return x > -9.2e18f && x < 9.2e18f ? (int64_t)x : 0;
}

static int64_t integer_at(int32_t type, const int8_t *in, int32_t i) {
  switch (type) {
    case CAST_S8:
      return in[i];
    case CAST_U8:
    case CAST_BOOL:
      return (uint8_t)in[i];
    case CAST_S16:
      return read_s16(in)[i];
    case CAST_S32:
      return ((const int32_t *)(const void *)in)[i];
    case CAST_U32:
      return ((const uint32_t *)(const void *)in)[i];
    case CAST_S64:
      return ((const int64_t *)(const void *)in)[i];
    default:
      return whole_part(reals(in)[i]);
  }
}

static void put_integer(int32_t type, int64_t value, int8_t *out, int32_t i) {
  switch (type) {
    case CAST_S16:
      write_s16(out)[i] = (int16_t)(uint16_t)value;
      break;
    case CAST_S32:
    case CAST_U32:
      ((int32_t *)(void *)out)[i] = (int32_t)(uint32_t)value;
      break;
    case CAST_S64:
      ((int64_t *)(void *)out)[i] = value;
      break;
    default:
      out[i] = (int8_t)(uint8_t)value;
  }
}

void cast_portable(const struct cast *op, const int8_t *in, int8_t *out, int32_t pixels,
                   void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->channels;
  for (int32_t i = 0; i < count; i++) {
    if (op->to == CAST_F32) {
      const float real = op->from == CAST_F32 ? reals(in)[i] : (float)integer_at(op->from, in, i);
      reals_out(out)[i] = real;
    } else if (op->to == CAST_BOOL) {
      const int64_t value = integer_at(op->from, in, i);
      out[i] = op->from == CAST_F32 ? reals(in)[i] != 0.0f : value != 0;
    } else {
      put_integer(op->to, integer_at(op->from, in, i), out, i);
    }
  }
}
