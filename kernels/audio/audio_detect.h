/* SPDX-License-Identifier: Apache-2.0
 *
 * From a network's results to detections: scores are averaged over the last results, a score that
 * reaches a threshold is a detection, and for some results behind it there is no other.
 */
#ifndef KERNELS_AUDIO_AUDIO_DETECT_H_
#define KERNELS_AUDIO_AUDIO_DETECT_H_

#include <stdint.h>

struct audio_detector {
  const uint8_t *listened; /* [scores]: 1 for words, 0 for silence and whatever else is no word */
  int32_t scores;
  int32_t average; /* results */
  int32_t limit;   /* the least sum of a word's scores over so many results */
  int32_t refractory;
};

struct audio_detections {
  int32_t filled; /* results that sums are of */
  int32_t oldest; /* place in the history */
  int32_t wait;   /* results until there may be another detection */
};

/* The word that a new result completes, or -1; scores are what they stand for, in steps from 0.
 *
 * history [average * scores] and sums [scores] are state as `held` is; all zeros at first. */
int32_t audio_detect_portable(const struct audio_detector *op, struct audio_detections *held,
                              const int16_t *scores, int16_t *history, int32_t *sums);

#endif /* KERNELS_AUDIO_AUDIO_DETECT_H_ */
