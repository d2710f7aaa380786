/* SPDX-License-Identifier: Apache-2.0
 *
 * Signal operators of TF-Lite Micro: from samples to features of bands, step by step, bit for bit.
 * The arithmetic is that of `../audio/`, which does the same in one go.
 *
 * Tensors are int16 samples and bins, uint64 sums of energies, and uint32 everything between.
 */
#ifndef KERNELS_SIGNAL_SIGNAL_H_
#define KERNELS_SIGNAL_SIGNAL_H_

#include <stdint.h>

struct signal_window {
  const int16_t *weights; /* [size] */
  int32_t size;
  int32_t frames;
  int32_t shift;
};

/* Backwards, factors of bins are those of a transform forwards with the sign of imaginary parts
 * changed; all others are the same. */
struct signal_transform {
  const uint16_t *places;   /* [points]: where the transform reads value i */
  const uint32_t *twiddles; /* by stage but the first, by inputs 1 to 3: factors of all k */
  const uint32_t *split;    /* [points / 2]: factors of bins 1 ... points / 2 */
  int32_t samples;          /* of a frame, at most 2 points; zeros follow */
  int32_t points;           /* of the complex transform, a power of two */
  int32_t frames;
};

/* Factors are pairs. */
struct signal_transform_s32 {
  const uint16_t *places;
  const int32_t *twiddles;
  const int32_t *split;
  int32_t samples;
  int32_t points;
  int32_t frames;
};

struct signal_transform_f32 {
  const uint16_t *places;
  const float *twiddles;
  const float *split;
  int32_t samples;
  int32_t points;
  int32_t frames;
};

struct signal_energy {
  int32_t bins;
  int32_t start; /* bins before it and from `end` on are 0 */
  int32_t end;
};

struct signal_filter_bank {
  const int16_t *weights;
  const int16_t *unweights; /* what each bin gives to the channel behind */
  const uint16_t *bins;     /* [channels + 1]: first bin; of channel -1 first */
  const uint16_t *starts;   /* [channels + 1]: first weight */
  const uint16_t *widths;   /* [channels + 1]: bins */
  int32_t channels;
};

struct signal_values {
  int32_t count;
};

struct signal_noise {
  int32_t channels;
  int32_t bits;           /* fraction bits of shares */
  int32_t smoothing_bits; /* fraction bits of averages */
  uint32_t smoothing[2];  /* shares of new values, of even and odd channels */
  uint32_t rest[2];       /* shares of averages */
  int32_t clamping;       /* averages are at most as large as values */
};

struct signal_without_noise {
  int32_t channels;
  int32_t bits;
  int32_t smoothing_bits;
  uint32_t least; /* share of a value that is left */
};

struct signal_pcan {
  const int16_t *gains; /* [132]: four values by the bits of an average */
  int32_t channels;
  int32_t snr_shift;
};

struct signal_log {
  const uint16_t *points; /* [129]: log2(1 + x) - x */
  int32_t channels;
  int32_t correction_bits;
  uint32_t scale; /* 1 / step */
};

/* No kernel has scratch but transforms: for each point a complex value. `out` may lie over `in`
 * where both have values of one size. */

/* samples * weights >> shift */
void signal_window_portable(const struct signal_window *op, const int8_t *in, int8_t *out,
                            void *scratch);

/* How far samples can be shifted to the left, int32. */
void signal_scale_bits_portable(const struct signal_values *op, const int8_t *in, int8_t *out,
                                void *scratch);

/* samples << bits */
void signal_shift_portable(const struct signal_values *op, const int8_t *in, const int8_t *bits,
                           int8_t *out, void *scratch);

/* Bins 0 to `points` of each frame, complex, real parts first; of integers, divided by 2 points. */
void signal_rfft_portable(const struct signal_transform *op, const int8_t *in, int8_t *out,
                          void *scratch);
void signal_rfft_dsp(const struct signal_transform *op, const int8_t *in, int8_t *out,
                     void *scratch);
void signal_rfft_mve(const struct signal_transform *op, const int8_t *in, int8_t *out,
                     void *scratch);
void signal_rfft_s32_portable(const struct signal_transform_s32 *op, const int8_t *in, int8_t *out,
                              void *scratch);
void signal_rfft_f32_portable(const struct signal_transform_f32 *op, const int8_t *in, int8_t *out,
                              void *scratch);

/* Samples of such bins: the transform backwards, divided by 2 points. */
void signal_irfft_portable(const struct signal_transform *op, const int8_t *in, int8_t *out,
                           void *scratch);
void signal_irfft_dsp(const struct signal_transform *op, const int8_t *in, int8_t *out,
                      void *scratch);
void signal_irfft_mve(const struct signal_transform *op, const int8_t *in, int8_t *out,
                      void *scratch);
void signal_irfft_s32_portable(const struct signal_transform_s32 *op, const int8_t *in, int8_t *out,
                               void *scratch);
void signal_irfft_f32_portable(const struct signal_transform_f32 *op, const int8_t *in, int8_t *out,
                               void *scratch);

/* Squared magnitudes. */
void signal_energy_portable(const struct signal_energy *op, const int8_t *in, int8_t *out,
                            void *scratch);

/* Sums of weighted energies: each bin feeds two channels. */
void signal_filter_bank_portable(const struct signal_filter_bank *op, const int8_t *in, int8_t *out,
                                 void *scratch);

/* sqrt(x) >> bits */
void signal_root_portable(const struct signal_values *op, const int8_t *in, const int8_t *bits,
                          int8_t *out, void *scratch);

/* Running averages; `held` are those before. */
void signal_noise_portable(const struct signal_noise *op, const int8_t *held, const int8_t *in,
                           int8_t *out, void *scratch);

/* Values less their averages. */
void signal_without_noise_portable(const struct signal_without_noise *op, const int8_t *in,
                                   const int8_t *averages, int8_t *out, void *scratch);

/* Values times the gains of their averages, compressed. */
void signal_pcan_portable(const struct signal_pcan *op, const int8_t *in, const int8_t *averages,
                          int8_t *out, void *scratch);

/* Natural logarithms, int16. */
void signal_log_portable(const struct signal_log *op, const int8_t *in, int8_t *out, void *scratch);

#endif /* KERNELS_SIGNAL_SIGNAL_H_ */
