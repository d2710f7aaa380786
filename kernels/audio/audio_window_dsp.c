/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples times the window with the DSP extension: 12 instructions for two samples.
 */
#include <string.h>

#include "audio.h"
#include "window_shift.h"

static inline uint32_t load_pair(const int16_t *from) {
  uint32_t pair;
  memcpy(&pair, from, sizeof pair);
  return pair;
}

/* (a b) >> 12 of both halves. */
static inline uint32_t windowed(uint32_t samples, uint32_t window) {
  int32_t low, high;
  uint32_t out;
  __asm__("smulbb %0, %1, %2" : "=r"(low) : "r"(samples), "r"(window));
  __asm__("smultt %0, %1, %2" : "=r"(high) : "r"(samples), "r"(window));
  __asm__("pkhtb %0, %1, %2, asr #12" : "=r"(out) : "r"((uint32_t)high << 4), "r"(low));
  return out;
}

/* |x| of both halves; that of -32768 is 0x8000. */
static inline uint32_t magnitudes(uint32_t pair) {
  uint32_t out;
  __asm__(
      "ssub16 %0, %2, %1\n\t"
      "sel %0, %0, %1"
      : "=&r"(out)
      : "r"(pair), "r"(0)
      : "cc");
  return out;
}

int32_t audio_window_dsp(const struct audio_spectrum *op, const int16_t *samples,
                         uint32_t *values) {
  const int16_t *window = op->window;
  const uint16_t *place = op->places, *const end = place + op->points;
  uint32_t bits = 0;
  for (const int16_t *const last = samples + (op->samples & ~1); samples != last; samples += 2) {
    const uint32_t pair = windowed(load_pair(samples), load_pair(window));
    bits |= magnitudes(pair);
    values[*place++] = pair;
    window += 2;
  }
  if (op->samples & 1) {
    const uint32_t single = windowed((uint16_t)samples[0], (uint16_t)window[0]);
    bits |= magnitudes(single);
    values[*place++] = single;
  }
  while (place != end) {
    values[*place++] = 0;
  }
  return window_shift(values, op->points, bits | bits >> 16);
}
