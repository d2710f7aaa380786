/* SPDX-License-Identifier: Apache-2.0
 *
 * TFLite_Detection_PostProcess: boxes by anchors, and non-maximum suppression. The result is one
 * row of floats: ymin, xmin, ymax, xmax of each detection, their classes, their scores, the count.
 */
#ifndef KERNELS_DETECTION_POSTPROCESS_DETECTION_POSTPROCESS_H_
#define KERNELS_DETECTION_POSTPROCESS_DETECTION_POSTPROCESS_H_

#include <stdint.h>

struct detection_values {
  float scale;
  int32_t zero_point;
  int32_t type;   /* 0: float, 1: int8_t, 2: uint8_t */
  int32_t stride; /* values of a box */
};

struct detection_postprocess {
  const float *anchors; /* [count][4]: y, x, height, width */
  struct detection_values boxes;
  struct detection_values scores;
  float scales[4]; /* of encodings, in the order of the anchors */
  float score_threshold;
  float overlap_threshold;
  int32_t count; /* of boxes */
  int32_t classes;
  int32_t background; /* 1: scores of a box begin with the background's */
  int32_t rows;       /* of the result */
  int32_t detections; /* at most so many */
  int32_t per_class;  /* at most so many of a class, each suppressed alone; 0: all at once */
};

/* scratch: 4 bytes for each of `count` boxes, 16 for each of min(per_class, count), 2 for each of
 * `count` boxes. Boxes are decoded only once their scores have their turn. */
void detection_postprocess_portable(const struct detection_postprocess *op, const int8_t *boxes,
                                    const int8_t *scores, int8_t *out, void *scratch);

#endif /* KERNELS_DETECTION_POSTPROCESS_DETECTION_POSTPROCESS_H_ */
