/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "../common/real.h"
#include "detection_postprocess.h"

struct box {
  float low[2]; /* y, x */
  float high[2];
};

/* Boxes that may still be chosen, the best one on top: a heap of their numbers. */
struct candidates {
  const float *scores;
  uint16_t *heap;
  int32_t count;
};

static float value_at(const struct detection_values *values, const int8_t *data, int32_t index) {
  if (values->type == 0) {
    return reals(data)[index];
  }
  const int32_t integer = values->type == 1 ? data[index] : (int32_t)(uint8_t)data[index];
  return values->scale * (float)(integer - values->zero_point);
}

/* Of equal scores the first box is better. */
static int is_better(const struct candidates *from, int32_t a, int32_t b) {
  const float left = from->scores[a];
  const float right = from->scores[b];
  return left > right || (left == right && a < b);
}

static void sink(struct candidates *from, int32_t place) {
  const uint16_t moved = from->heap[place];
  int32_t child;
  while ((child = 2 * place + 1) < from->count) {
    if (child + 1 < from->count && is_better(from, from->heap[child + 1], from->heap[child])) {
      child++;
    }
    if (!is_better(from, from->heap[child], moved)) {
      break;
    }
    from->heap[place] = from->heap[child];
    place = child;
  }
  from->heap[place] = moved;
}

static void order(struct candidates *from) {
  for (int32_t place = from->count / 2 - 1; place >= 0; place--) {
    sink(from, place);
  }
}

static int32_t take_best(struct candidates *from) {
  const int32_t best = from->heap[0];
  from->count--;
  from->heap[0] = from->heap[from->count];
  sink(from, 0);
  return best;
}

static struct box decode(const struct detection_postprocess *op, const int8_t *boxes,
                         int32_t index) {
  const float *anchor = &op->anchors[index * 4];
  struct box made;
  for (int32_t axis = 0; axis < 2; axis++) {
    double part[2];
    for (int32_t i = 0; i < 2; i++) {
      const int32_t place = axis + 2 * i;
      const float value = value_at(&op->boxes, boxes, index * op->boxes.stride + place);
      part[i] = (double)value / (double)op->scales[place];
    }
    const double size = (double)anchor[axis + 2];
    const float middle = (float)(part[0] * size + (double)anchor[axis]);
    const float half = (float)(0.5 * exp(part[1]) * size);
    made.low[axis] = middle - half;
    made.high[axis] = middle + half;
  }
  return made;
}

static float area(const struct box *box) {
  return (box->high[0] - box->low[0]) * (box->high[1] - box->low[1]);
}

static float overlap(const struct box *a, const struct box *b) {
  const float first = area(a);
  const float second = area(b);
  if (first <= 0.0f || second <= 0.0f) {
    return 0.0f;
  }
  float both = 1.0f;
  for (int32_t axis = 0; axis < 2; axis++) {
    const float low = a->low[axis] < b->low[axis] ? b->low[axis] : a->low[axis];
    const float high = b->high[axis] < a->high[axis] ? b->high[axis] : a->high[axis];
    both *= high - low < 0.0f ? 0.0f : high - low;
  }
  return both / (first + second - both);
}

/* The next box that no chosen one covers, or -1; it becomes the last of `chosen`. */
static int32_t next_box(const struct detection_postprocess *op, const int8_t *boxes,
                        struct candidates *from, struct box *chosen, int32_t count) {
  while (from->count > 0) {
    const int32_t best = take_best(from);
    const struct box found = decode(op, boxes, best);
    int32_t other = 0;
    while (other < count && !(overlap(&chosen[other], &found) > op->overlap_threshold)) {
      other++;
    }
    if (other == count) {
      chosen[count] = found;
      return best;
    }
  }
  return -1;
}

static int32_t best_class(const struct detection_postprocess *op, const int8_t *scores,
                          int32_t index) {
  const int32_t first = index * op->scores.stride + op->background;
  float best = -INFINITY;
  int32_t found = 0;
  for (int32_t label = 0; label < op->classes; label++) {
    const float score = value_at(&op->scores, scores, first + label);
    if (score > best) {
      best = score;
      found = label;
    }
  }
  return found;
}

static int32_t all_at_once(const struct detection_postprocess *op, const int8_t *boxes,
                           const int8_t *scores, float *out, float *own, uint16_t *heap) {
  struct candidates from = {own, heap, 0};
  for (int32_t i = 0; i < op->count; i++) {
    const int32_t label = op->background + best_class(op, scores, i);
    own[i] = value_at(&op->scores, scores, i * op->scores.stride + label);
    if (own[i] >= op->score_threshold) {
      heap[from.count++] = (uint16_t)i;
    }
  }
  order(&from);
  struct box *chosen = (struct box *)(void *)out;
  int32_t count = 0;
  while (count < op->detections) {
    const int32_t index = next_box(op, boxes, &from, chosen, count);
    if (index < 0) {
      break;
    }
    out[4 * op->rows + count] = (float)best_class(op, scores, index);
    out[5 * op->rows + count] = own[index];
    count++;
  }
  return count;
}

/* Puts a detection behind all that are as good, and drops what is then one too many. */
static int32_t insert(const struct detection_postprocess *op, float *out, int32_t count,
                      const struct box *box, int32_t label, float score) {
  struct box *found = (struct box *)(void *)out;
  float *labels = &out[4 * op->rows];
  float *values = &out[5 * op->rows];
  int32_t place = count;
  while (place > 0 && values[place - 1] < score) {
    place--;
  }
  if (place == op->detections) {
    return count;
  }
  const int32_t kept = count < op->detections ? count : op->detections - 1;
  const size_t moved = (size_t)(kept - place);
  memmove(&found[place + 1], &found[place], moved * sizeof *found);
  memmove(&labels[place + 1], &labels[place], moved * sizeof *labels);
  memmove(&values[place + 1], &values[place], moved * sizeof *values);
  found[place] = *box;
  labels[place] = (float)label;
  values[place] = score;
  return kept + 1;
}

static int32_t class_by_class(const struct detection_postprocess *op, const int8_t *boxes,
                              const int8_t *scores, float *out, float *own, struct box *chosen,
                              uint16_t *heap) {
  int32_t count = 0;
  for (int32_t label = 0; label < op->classes; label++) {
    struct candidates from = {own, heap, 0};
    for (int32_t i = 0; i < op->count; i++) {
      const int32_t place = i * op->scores.stride + op->background + label;
      own[i] = value_at(&op->scores, scores, place);
      if (own[i] >= op->score_threshold) {
        heap[from.count++] = (uint16_t)i;
      }
    }
    order(&from);
    for (int32_t n = 0; n < op->per_class; n++) {
      const int32_t index = next_box(op, boxes, &from, chosen, n);
      if (index < 0) {
        break;
      }
      count = insert(op, out, count, &chosen[n], label, own[index]);
    }
  }
  return count;
}

void detection_postprocess_portable(const struct detection_postprocess *op, const int8_t *boxes,
                                    const int8_t *scores, int8_t *out, void *scratch) {
  float *result = reals_out(out);
  float *own = scratch;
  struct box *chosen = (struct box *)(void *)(own + op->count);
  const int32_t spare = op->per_class < op->count ? op->per_class : op->count;
  uint16_t *heap = (uint16_t *)(void *)(chosen + spare);
  memset(result, 0, (size_t)(6 * op->rows) * sizeof *result);
  const int32_t count = op->per_class ? class_by_class(op, boxes, scores, result, own, chosen, heap)
                                      : all_at_once(op, boxes, scores, result, own, heap);
  result[6 * op->rows] = (float)count;
}
