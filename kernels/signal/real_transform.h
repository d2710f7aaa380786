/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of samples to their spectra, and back, value by value. The file that includes this one has
 *
 *   transform_op, transform_sample, transform_factor     types of constants and values
 *   complex_value     with complex_of, real_part, imaginary_part
 *   complex_half, complex_add, complex_subtract, complex_multiply, complex_conjugate
 *   complex_split     bins k and points - k of a real transform
 *   factor_at         the factor of number i
 *   transform         the complex one, forwards
 *   restored          a sample of one that went backwards
 */
#ifndef KERNELS_SIGNAL_REAL_TRANSFORM_H_
#define KERNELS_SIGNAL_REAL_TRANSFORM_H_

#include "signal.h"

static inline void put_bin(transform_sample *spectrum, int32_t bin, complex_value value) {
  spectrum[2 * bin] = (transform_sample)real_part(value);
  spectrum[2 * bin + 1] = (transform_sample)imaginary_part(value);
}

static inline complex_value get_bin(const transform_sample *spectrum, int32_t bin) {
  return complex_of(spectrum[2 * bin], spectrum[2 * bin + 1]);
}

static inline void place_samples(const transform_op *op, const transform_sample *frame,
                                 complex_value *values) {
  const int32_t samples = op->samples;
  for (int32_t i = 0; i < op->points; i++) {
    const transform_sample even = 2 * i < samples ? frame[2 * i] : 0;
    const transform_sample odd = 2 * i + 1 < samples ? frame[2 * i + 1] : 0;
    values[op->places[i]] = complex_of(even, odd);
  }
}

/* The first bin and the last one, which are real, and whose difference and sum are two samples'. */
static inline complex_value sum_and_rest(complex_value first, complex_value last) {
  return complex_of(real_part(complex_add(first, last)), real_part(complex_subtract(first, last)));
}

static inline void to_spectrum(const transform_op *op, const complex_value *values,
                               transform_sample *spectrum) {
  const int32_t points = op->points;
  const complex_value half = complex_half(values[0]);
  const complex_value turned = complex_of(imaginary_part(half), 0);
  const complex_value ends = sum_and_rest(half, turned);
  put_bin(spectrum, 0, complex_of(real_part(ends), 0));
  put_bin(spectrum, points, complex_of(imaginary_part(ends), 0));
  for (int32_t k = 1; k <= points / 2; k++) {
    complex_value near = values[k], far = values[points - k];
    complex_split(&near, &far, factor_at(op->split, k - 1));
    /* The bin in the middle is both; what counts is the second. */
    put_bin(spectrum, k, near);
    put_bin(spectrum, points - k, far);
  }
}

/* With real and imaginary parts exchanged, a transform runs backwards. */
static inline complex_value exchanged(complex_value z) {
  return complex_of(imaginary_part(z), real_part(z));
}

static inline void place_bins(const transform_op *op, const transform_sample *spectrum,
                              complex_value *values) {
  const int32_t points = op->points;
  const complex_value ends = sum_and_rest(get_bin(spectrum, 0), get_bin(spectrum, points));
  values[op->places[0]] = exchanged(complex_half(ends));
  for (int32_t k = 1; k <= points / 2; k++) {
    const complex_value near = complex_half(get_bin(spectrum, k));
    const complex_value far = complex_half(complex_conjugate(get_bin(spectrum, points - k)));
    const complex_value sum = complex_add(near, far);
    const complex_value turned =
        complex_multiply(complex_subtract(near, far), factor_at(op->split, k - 1));
    values[op->places[k]] = exchanged(complex_add(sum, turned));
    /* The value in the middle is both; what counts is the second. */
    values[op->places[points - k]] = exchanged(complex_conjugate(complex_subtract(sum, turned)));
  }
}

static inline void to_samples(const transform_op *op, const complex_value *values,
                              transform_sample *frame) {
  for (int32_t k = 0; k < op->points; k++) {
    frame[2 * k] = (transform_sample)restored(imaginary_part(values[k]), op->points);
    frame[2 * k + 1] = (transform_sample)restored(real_part(values[k]), op->points);
  }
}

#include "transform_frames.h"

#endif /* KERNELS_SIGNAL_REAL_TRANSFORM_H_ */
