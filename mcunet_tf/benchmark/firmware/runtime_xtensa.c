/* SPDX-License-Identifier: Apache-2.0
 *
 * What Debian's libgcc for the LX106 leaves to the ROM of the ESP8266: products and quotients of
 * integers. That of floating point is not here: models in float32 do not link.
 */
#include <stdint.h>

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);
int64_t __muldi3(int64_t a, int64_t b);
uint64_t __umulsidi3(uint32_t a, uint32_t b);

/* From gcc 13 on wide products of two words are asked for by this name. */
uint64_t __umulsidi3(uint32_t a, uint32_t b) {
  const uint32_t al = a & 0xffff, ah = a >> 16, bl = b & 0xffff, bh = b >> 16;
  const uint32_t low = al * bl, first = ah * bl, second = al * bh;
  const uint32_t middle = (low >> 16) + (first & 0xffff) + (second & 0xffff);
  const uint32_t high = ah * bh + (first >> 16) + (second >> 16) + (middle >> 16);
  return ((uint64_t)high << 32) | (middle << 16) | (low & 0xffff);
}

int64_t __muldi3(int64_t a, int64_t b) {
  const uint32_t high =
      (uint32_t)((uint64_t)a >> 32) * (uint32_t)b + (uint32_t)a * (uint32_t)((uint64_t)b >> 32);
  return (int64_t)(__umulsidi3((uint32_t)a, (uint32_t)b) + ((uint64_t)high << 32));
}

/* Bit by bit; of a division by zero all bits are ones. */
uint64_t __udivdi3(uint64_t a, uint64_t b) {
  uint64_t quotient = 0, rest = 0;
  for (int32_t i = 63; i >= 0; i--) {
    rest = rest << 1 | (a >> i & 1u);
    quotient <<= 1;
    if (rest >= b) {
      rest -= b;
      quotient |= 1u;
    }
  }
  return quotient;
}

uint64_t __umoddi3(uint64_t a, uint64_t b) {
  return a - __udivdi3(a, b) * b;
}

int64_t __divdi3(int64_t a, int64_t b) {
  const uint64_t quotient =
      __udivdi3(a < 0 ? -(uint64_t)a : (uint64_t)a, b < 0 ? -(uint64_t)b : (uint64_t)b);
  return (int64_t)((a < 0) != (b < 0) ? -quotient : quotient);
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
  uint32_t quotient = 0, rest = 0;
  for (int32_t i = 31; i >= 0; i--) {
    rest = rest << 1 | (a >> i & 1u);
    quotient <<= 1;
    if (rest >= b) {
      rest -= b;
      quotient |= 1u;
    }
  }
  return quotient;
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
  return a - __udivsi3(a, b) * b;
}

int32_t __divsi3(int32_t a, int32_t b) {
  const uint32_t quotient =
      __udivsi3(a < 0 ? -(uint32_t)a : (uint32_t)a, b < 0 ? -(uint32_t)b : (uint32_t)b);
  return (int32_t)((a < 0) != (b < 0) ? -quotient : quotient);
}
