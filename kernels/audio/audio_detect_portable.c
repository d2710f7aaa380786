/* SPDX-License-Identifier: Apache-2.0 */
#include "audio_detect.h"

int32_t audio_detect_portable(const struct audio_detector *op, struct audio_detections *held,
                              const int16_t *scores, int16_t *history, int32_t *sums) {
  int16_t *const old = history + held->oldest * op->scores;
  int32_t best = -1;
  for (int32_t i = 0; i < op->scores; i++) {
    sums[i] += scores[i] - old[i];
    old[i] = scores[i];
    if (op->listened[i] && (best < 0 || sums[i] > sums[best])) {
      best = i;
    }
  }
  held->oldest = held->oldest + 1 < op->average ? held->oldest + 1 : 0;
  held->filled += held->filled < op->average;
  if (held->wait > 0) {
    held->wait--;
    return -1;
  }
  if (best < 0 || held->filled < op->average || sums[best] < op->limit) {
    return -1;
  }
  held->wait = op->refractory;
  return best;
}
