/* SPDX-License-Identifier: Apache-2.0 */
#include "audio.h"
#include "transform_portable.h"

void audio_transform_portable(const struct audio_spectrum *op, uint32_t *values, int32_t shift) {
  transform(values, op->points, op->twiddles, shift);
}
