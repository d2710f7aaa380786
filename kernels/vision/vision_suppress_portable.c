/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "vision.h"

static int32_t distance(int32_t a, int32_t b) {
  return a < b ? b - a : a - b;
}

static int64_t area(const int16_t *box) {
  return (int64_t)(box[2] - box[0]) * (box[3] - box[1]);
}

static int32_t is_same(const struct vision_limits *limits, const int16_t *a, const int16_t *b) {
  if (limits->by_label && a[5] != b[5]) {
    return 0;
  }
  if (limits->apart > 0) {
    /* Twice the middles. */
    const int32_t x = distance(a[0] + a[2], b[0] + b[2]);
    const int32_t y = distance(a[1] + a[3], b[1] + b[3]);
    return (x > y ? x : y) < 2 * limits->apart;
  }
  const int32_t width = (a[2] < b[2] ? a[2] : b[2]) - (a[0] > b[0] ? a[0] : b[0]);
  const int32_t height = (a[3] < b[3] ? a[3] : b[3]) - (a[1] > b[1] ? a[1] : b[1]);
  if (width <= 0 || height <= 0) {
    return 0;
  }
  const int64_t both = (int64_t)width * height;
  return both * 65536 > limits->overlap * (area(a) + area(b) - both);
}

int32_t vision_suppress_portable(const struct vision_limits *limits, int16_t *found,
                                 int32_t count) {
  int32_t kept = 0;
  for (int32_t i = 0; i < count && kept < limits->most; i++) {
    const int16_t *box = &found[i * VISION_BOX];
    int32_t other = 0;
    while (other < kept && !is_same(limits, &found[other * VISION_BOX], box)) {
      other++;
    }
    if (other == kept) {
      memmove(&found[kept * VISION_BOX], box, VISION_BOX * sizeof *box);
      kept++;
    }
  }
  return kept;
}
