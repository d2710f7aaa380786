/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames one by one; the file that includes this one has transform and what lies around it.
 */
#ifndef KERNELS_SIGNAL_TRANSFORM_FRAMES_H_
#define KERNELS_SIGNAL_TRANSFORM_FRAMES_H_

#include "signal.h"

static inline void real_transforms(const transform_op *op, const transform_sample *frame,
                                   transform_sample *spectrum, complex_value *values) {
  for (int32_t i = 0; i < op->frames; i++) {
    place_samples(op, frame, values);
    transform(values, op->points, op->twiddles, 0);
    to_spectrum(op, values, spectrum);
    frame += op->samples;
    spectrum += 2 * (op->points + 1);
  }
}

static inline void real_inverses(const transform_op *op, const transform_sample *spectrum,
                                 transform_sample *frame, complex_value *values) {
  for (int32_t i = 0; i < op->frames; i++) {
    place_bins(op, spectrum, values);
    transform(values, op->points, op->twiddles, 0);
    to_samples(op, values, frame);
    frame += 2 * op->points;
    spectrum += 2 * (op->points + 1);
  }
}

#endif /* KERNELS_SIGNAL_TRANSFORM_FRAMES_H_ */
