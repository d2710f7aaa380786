/* SPDX-License-Identifier: Apache-2.0
 *
 * Square roots of 64 bits with two short divisions.
 *
 * The root of the upper half of a number is the upper half of its root. What is left, divided by
 * twice that root, gives the lower half or one more; so 8 bits become 16 and 16 become 32.
 */
#ifndef KERNELS_AUDIO_ROUNDED_ROOT_H_
#define KERNELS_AUDIO_ROUNDED_ROOT_H_

#include <stdint.h>

#if defined(__GNUC__)
static inline int32_t bit_width(uint32_t x) {
  return x == 0 ? 0 : 32 - __builtin_clz(x);
}
#else
static inline int32_t bit_width(uint32_t x) {
  int32_t width = 0;
  for (; x != 0; x >>= 1) {
    width++;
  }
  return width;
}
#endif

/* floor(16 sqrt(i)), i = 64 ... 255 */
static const uint8_t first_roots[192] = {
    128, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144,
    144, 145, 146, 147, 148, 149, 150, 150, 151, 152, 153, 154, 155, 155, 156, 157, 158, 159,
    160, 160, 161, 162, 163, 163, 164, 165, 166, 167, 167, 168, 169, 170, 170, 171, 172, 173,
    173, 174, 175, 176, 176, 177, 178, 178, 179, 180, 181, 181, 182, 183, 183, 184, 185, 185,
    186, 187, 187, 188, 189, 189, 190, 191, 192, 192, 193, 193, 194, 195, 195, 196, 197, 197,
    198, 199, 199, 200, 201, 201, 202, 203, 203, 204, 204, 205, 206, 206, 207, 208, 208, 209,
    209, 210, 211, 211, 212, 212, 213, 214, 214, 215, 215, 216, 217, 217, 218, 218, 219, 219,
    220, 221, 221, 222, 222, 223, 224, 224, 225, 225, 226, 226, 227, 227, 228, 229, 229, 230,
    230, 231, 231, 232, 232, 233, 234, 234, 235, 235, 236, 236, 237, 237, 238, 238, 239, 240,
    240, 241, 241, 242, 242, 243, 243, 244, 244, 245, 245, 246, 246, 247, 247, 248, 248, 249,
    249, 250, 250, 251, 251, 252, 252, 253, 253, 254, 254, 255};

/* floor(sqrt(x)), x >= 2^30 */
static inline uint32_t root_of_32(uint32_t x) {
  const uint32_t high = x >> 16;
  uint32_t root = first_roots[(high >> 8) - 64];
  root += (root + 1) * (root + 1) <= high;
  const uint32_t rest = (high - root * root) << 8 | (x >> 8 & 0xFF);
  const uint32_t low = rest / (2 * root);
  root = (root << 8) + (low < 0xFF ? low : 0xFF);
  return root - (root * root > x);
}

/* sqrt(x), rounded to nearest; below 2^32, a root of 65535 is not rounded up, nor any to 2^32. */
static inline uint32_t rounded_root(uint64_t x) {
  if (x == 0) {
    return 0;
  }
  const uint32_t upper = (uint32_t)(x >> 32);
  const int32_t width = upper != 0 ? 32 + bit_width(upper) : bit_width((uint32_t)x);
  const int32_t halved = (64 - width) >> 1; /* bits that the root is too long */
  const uint64_t wide = x << (2 * halved);
  const uint32_t top = (uint32_t)(wide >> 32), next = (uint32_t)wide;
  const uint32_t begun = root_of_32(top);
  /* The rest has up to 33 bits: it and twice the root are divided by two. */
  const uint32_t low = ((top - begun * begun) << 15 | next >> 17) / begun;
  uint32_t root = ((begun << 16) + (low < 0xFFFF ? low : 0xFFFF)) >> halved;
  if ((uint64_t)root * root > x) {
    root--;
  }
  const uint64_t left = x - (uint64_t)root * root;
  return root + (left > root && root != (upper == 0 ? 0xFFFF : 0xFFFFFFFF));
}

#endif /* KERNELS_AUDIO_ROUNDED_ROOT_H_ */
