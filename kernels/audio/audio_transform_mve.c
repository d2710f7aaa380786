/* SPDX-License-Identifier: Apache-2.0 */
#include "audio.h"
#include "transform_mve.h"

void audio_transform_mve(const struct audio_spectrum *op, uint32_t *values, int32_t shift) {
  transform(values, op->points, op->twiddles, shift);
}
