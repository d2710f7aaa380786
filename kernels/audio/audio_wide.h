/* SPDX-License-Identifier: Apache-2.0
 *
 * A front end for sound in integers of 32 bits: a window of samples to logarithms of mel bands, or
 * to their cosine transform. Per hop, in this order:
 *
 *   audio_wide_window       samples * window, in the order that the transform reads
 *   audio_wide_transform    complex transform of half as many points, each stage divided by its
 *                           radix; products are upper halves of 64 bits, rounded
 *   audio_wide_energies     the real transform's squared magnitudes >> 12,
 *   audio_wide_magnitudes   or its magnitudes
 *   audio_wide_bands        mel filters
 *   audio_log_mel           logarithm, cosine transform, int8
 */
#ifndef KERNELS_AUDIO_AUDIO_WIDE_H_
#define KERNELS_AUDIO_AUDIO_WIDE_H_

#include "audio.h"

/* Half of a real transform's bin: complex first, what filters add up then. */
union audio_bin {
  struct {
    int32_t re;
    int32_t im;
  } z;
  uint64_t value;
};

struct audio_wide_spectrum {
  const int16_t *window;   /* [samples], 32767 is one */
  const uint16_t *places;  /* [points]: where the transform reads sample pair i */
  const int32_t *twiddles; /* pairs by stage but the first, by inputs 1 to 3, by k */
  const int32_t *split;    /* pairs [points / 2]: factors of bins 1 ... points / 2 */
  int32_t samples;         /* of a window, at most 2 points */
  int32_t points;          /* of the complex transform: 2^n, 32 to 2048 */
};

struct audio_log_mel {
  const uint16_t *logarithms; /* [129]: log2(1 + x) - x */
  const uint64_t *lows;       /* [bands] */
  const int32_t *bases;       /* [bands]: added to logarithms */
  const int16_t *cosines;     /* [coefficients * bands], or NULL */
  int32_t bands;
  int32_t adds; /* lows are added, else they are least values */
  int32_t coefficients;
  int32_t cosine_bits;
  int32_t multiplier; /* to steps of features, with `shift` */
  int32_t shift;
  int32_t zero_point;
  int32_t wide; /* rows are int16, not int8 */
};

void audio_wide_window_portable(const struct audio_wide_spectrum *op, const int16_t *samples,
                                union audio_bin *bins);
void audio_wide_window_mve(const struct audio_wide_spectrum *op, const int16_t *samples,
                           union audio_bin *bins);

/* In place. */
void audio_wide_transform_portable(const struct audio_wide_spectrum *op, union audio_bin *bins);
void audio_wide_transform_dsp(const struct audio_wide_spectrum *op, union audio_bin *bins);
void audio_wide_transform_mve(const struct audio_wide_spectrum *op, union audio_bin *bins);

/* In place; that of bin 0 is undefined. */
void audio_wide_energies_portable(const struct audio_wide_spectrum *op, union audio_bin *bins);
void audio_wide_energies_dsp(const struct audio_wide_spectrum *op, union audio_bin *bins);
void audio_wide_energies_mve(const struct audio_wide_spectrum *op, union audio_bin *bins);
void audio_wide_magnitudes_portable(const struct audio_wide_spectrum *op, union audio_bin *bins);
void audio_wide_magnitudes_dsp(const struct audio_wide_spectrum *op, union audio_bin *bins);
void audio_wide_magnitudes_mve(const struct audio_wide_spectrum *op, union audio_bin *bins);

/* sums [bands] of weighted values; weights are not negative. */
void audio_wide_bands_portable(const struct audio_bands *op, const union audio_bin *bins,
                               uint64_t *sums);

/* A row of features; logs [bands] is scratch. */
void audio_log_mel_portable(const struct audio_log_mel *op, const uint64_t *sums, int32_t *logs,
                            void *row);

#endif /* KERNELS_AUDIO_AUDIO_WIDE_H_ */
