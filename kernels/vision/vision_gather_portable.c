/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "vision.h"

#define ONE 32767

static int32_t entry(int8_t raw) {
  return (int32_t)raw + 128;
}

/* A real number of 16 fraction bits times a length, rounded to nearest, ties up. */
static int32_t scaled(int32_t length, int32_t real) {
  return (int32_t)(((int64_t)length * real + (1 << 15)) >> 16);
}

static int32_t share_of(const struct vision_head *head, const int8_t *raw, int32_t chosen) {
  const int32_t value = head->score_values.value;
  const int32_t all = (head->classes + head->background) * value;
  int32_t largest = raw[0];
  for (int32_t i = value; i < all; i += value) {
    largest = raw[i] > largest ? raw[i] : largest;
  }
  uint32_t sum = 0;
  for (int32_t i = 0; i < all; i += value) {
    sum += head->scores[largest - raw[i]];
  }
  const uint32_t share = ((uint32_t)head->scores[largest - chosen] * 32768u + sum / 2) / sum;
  return share > ONE ? ONE : (int32_t)share;
}

/* The score of the best class, or -1 where it is below the threshold; tests raw values first. */
static int32_t score_of(const struct vision_head *head, const struct vision_limits *limits,
                        const int8_t *raw, int32_t presence, int32_t *label) {
  const int32_t value = head->score_values.value;
  int32_t best = head->background;
  int8_t most = raw[best * value];
  for (int32_t i = best + 1; i < head->classes + head->background; i++) {
    if (raw[i * value] > most) {
      most = raw[i * value];
      best = i;
    }
  }
  const int32_t against = head->softmax && head->background ? raw[0] : 0;
  if (most - against < head->least) {
    return -1;
  }
  int32_t score = head->softmax ? share_of(head, raw, most) : head->scores[entry(most)];
  if (presence >= 0) {
    score = (score * presence + (1 << 14)) >> 15;
  }
  *label = best - head->background;
  return score < limits->threshold ? -1 : score;
}

static int32_t within(int32_t value, int32_t most) {
  return value < 0 ? 0 : (value > most ? most : value);
}

/* Left, top, right and bottom of a candidate, cut to the image. */
static void place(const struct vision_head *head, const struct vision_limits *limits,
                  const int8_t *raw, const int32_t *cell, const int16_t *anchor, int16_t *box) {
  const int32_t value = head->box_values.value;
  for (int32_t axis = 0; axis < 2; axis++) {
    const int32_t at = (head->rows_first ? 1 - axis : axis) * value;
    const int32_t base = head->start[axis] + cell[axis] * head->step[axis];
    int32_t low = base;
    int32_t high = base + head->step[axis];
    if (head->code == VISION_SIDES) {
      low = base - scaled(anchor[axis], head->sizes[entry(raw[at])]);
      high = base + scaled(anchor[axis], head->sizes[entry(raw[at + 2 * value])]);
    } else if (head->code == VISION_CENTRED) {
      const int32_t unit = head->by_anchor ? anchor[axis] : head->step[axis];
      const int32_t size = scaled(anchor[axis], head->sizes[entry(raw[at + 2 * value])]);
      low = base + scaled(unit, head->middles[entry(raw[at])]) - (size >> 1);
      high = low + size;
    }
    box[axis] = (int16_t)within(low, limits->size[axis]);
    box[axis + 2] = (int16_t)within(high, limits->size[axis]);
  }
}

static int32_t insert(const struct vision_limits *limits, const int16_t *box, int16_t *found,
                      int32_t count) {
  int32_t at = count;
  while (at > 0 && found[(at - 1) * VISION_BOX + 4] < box[4]) {
    at--;
  }
  if (at == limits->candidates) {
    return count;
  }
  const int32_t kept = count < limits->candidates ? count : limits->candidates - 1;
  int16_t *spot = &found[at * VISION_BOX];
  memmove(spot + VISION_BOX, spot, (size_t)(kept - at) * VISION_BOX * sizeof *spot);
  memcpy(spot, box, VISION_BOX * sizeof *spot);
  return kept + 1;
}

static int32_t spot_of(const struct vision_values *values, int32_t cell, int32_t anchor) {
  return values->first + cell * values->cell + anchor * values->anchor;
}

int32_t vision_gather_portable(const struct vision_head *head, const struct vision_limits *limits,
                               const int8_t *boxes, const int8_t *scores, const int8_t *presence,
                               int16_t *found, int32_t count) {
  int32_t n = 0;
  int32_t cell[2];
  for (cell[1] = 0; cell[1] < head->rows; cell[1]++) {
    for (cell[0] = 0; cell[0] < head->columns; cell[0]++, n++) {
      for (int32_t a = 0; a < head->count; a++) {
        int32_t present = -1;
        if (head->presence) {
          const int8_t raw = presence[spot_of(&head->presence_values, n, a)];
          if (raw < head->least_presence) {
            continue;
          }
          present = head->presence[entry(raw)];
        }
        const int8_t *own = &scores[spot_of(&head->score_values, n, a)];
        int32_t label = 0;
        const int32_t score = score_of(head, limits, own, present, &label);
        if (score < 0) {
          continue;
        }
        int16_t box[VISION_BOX];
        const int8_t *raw = boxes ? &boxes[spot_of(&head->box_values, n, a)] : own;
        place(head, limits, raw, cell, &head->anchors[2 * a], box);
        if (box[2] <= box[0] || box[3] <= box[1]) {
          continue;
        }
        box[4] = (int16_t)score;
        box[5] = (int16_t)label;
        count = insert(limits, box, found, count);
      }
    }
  }
  return count;
}
