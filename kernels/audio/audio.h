/* SPDX-License-Identifier: Apache-2.0
 *
 * A front end for sound in integers: a window of samples to a row of features, bit for bit what
 * TF-Lite Micro's audio front end makes of it. Per hop, in this order:
 *
 *   audio_window      samples * Hann window, in the order that the transform reads
 *   audio_transform   complex transform of half as many points, int16, each stage divided by its
 *                     radix; products and divisions round to nearest, ties up, sums wrap around
 *   audio_energies    the real transform's squared magnitudes
 *   audio_bands       mel filters
 *   audio_features    square root, noise reduction, gain control, logarithm, int8
 *
 * A complex value is a uint32_t, its real part in the lower half.
 */
#ifndef KERNELS_AUDIO_AUDIO_H_
#define KERNELS_AUDIO_AUDIO_H_

#include <stdint.h>

struct audio_spectrum {
  const int16_t *window;    /* [samples], 4096 is one */
  const uint16_t *places;   /* [points]: where the transform reads sample pair i */
  const uint32_t *twiddles; /* by stage but the first, by inputs 1 to 3: factors of all k */
  const uint32_t *split;    /* [points / 2]: factors of bins 1 ... points / 2 */
  int32_t samples;          /* of a window, at most 2 points */
  int32_t points;           /* of the complex transform: 2^n, 32 to 1024 */
};

struct audio_bands {
  const uint16_t *bins;   /* [bands + 1]: so many bins end at each filter's centre */
  const int16_t *weights; /* by bin: what falls towards the filter before, and what rises */
  int32_t first_bin;
  int32_t bands;
};

struct audio_features {
  const int16_t *gains;       /* [132], or NULL: no gain control */
  const uint16_t *logarithms; /* [129], or NULL: no logarithm */
  int32_t bands;
  int32_t smoothing[2]; /* of even and odd bands, 14 bits */
  int32_t least;        /* share of the signal that remains, 14 bits */
  int32_t smoothing_bits;
  int32_t snr_shift;
  int32_t correction_bits; /* shift to the left before the logarithm, negative: to the right */
  int32_t log_scale;       /* 1 / step */
  int32_t multiplier;      /* 0: rows are uint16, not int8 */
  int32_t divisor;
  int32_t zero_point;
};

/* Windows samples into complex values and returns how far they can be shifted to the left: 15
 * minus the bits of the largest magnitude. -32768 does not count; a shift makes it 0. */
int32_t audio_window_portable(const struct audio_spectrum *op, const int16_t *samples,
                              uint32_t *values);
int32_t audio_window_dsp(const struct audio_spectrum *op, const int16_t *samples, uint32_t *values);
int32_t audio_window_mve(const struct audio_spectrum *op, const int16_t *samples, uint32_t *values);

/* The transform of the values, shifted to the left first, in place. */
void audio_transform_portable(const struct audio_spectrum *op, uint32_t *values, int32_t shift);
void audio_transform_dsp(const struct audio_spectrum *op, uint32_t *values, int32_t shift);
void audio_transform_mve(const struct audio_spectrum *op, uint32_t *values, int32_t shift);

/* Values become energies, int32, in place; that of bin 0 is undefined. */
void audio_energies_portable(const struct audio_spectrum *op, uint32_t *values);
void audio_energies_dsp(const struct audio_spectrum *op, uint32_t *values);
void audio_energies_mve(const struct audio_spectrum *op, uint32_t *values);

/* sums [bands] of weighted energies. */
void audio_bands_portable(const struct audio_bands *op, const uint32_t *energies, int64_t *sums);
void audio_bands_mve(const struct audio_bands *op, const uint32_t *energies, int64_t *sums);

/* A row of features, int8 or uint16; shift is what audio_window gave, averages [bands] is state. */
void audio_features_portable(const struct audio_features *op, const int64_t *sums, int32_t shift,
                             uint32_t *averages, void *row);

#endif /* KERNELS_AUDIO_AUDIO_H_ */
