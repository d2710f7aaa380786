/* SPDX-License-Identifier: Apache-2.0
 *
 * From a camera's rows to a network's, and from a network's outputs to boxes, in integers.
 *
 * A box is six int16_t: left, top, right, bottom in sixteenths of a pixel, score (32767 is 1) and
 * label.
 */
#ifndef KERNELS_VISION_VISION_H_
#define KERNELS_VISION_VISION_H_

#include <stdint.h>

#define VISION_BOX 6 /* values of a box */

/* Where a head's values lie: value i of anchor a in cell c is at first + c * cell + a * anchor +
 * i * value. */
struct vision_values {
  int32_t first;
  int32_t cell;
  int32_t anchor;
  int32_t value;
};

enum vision_code {
  VISION_CENTRED, /* middle and size, by tables */
  VISION_SIDES,   /* distances to left, top, right, bottom */
  VISION_CELL,    /* the cell itself */
};

/* One head: candidates row by row, in a cell by anchor. Tables are by raw value, from -128
 * on; real numbers have 16 fraction bits, scores 15. */
struct vision_head {
  const int32_t *middles;   /* [256] where the middle lies; NULL unless VISION_CENTRED */
  const int32_t *sizes;     /* [256] sizes or distances; NULL for VISION_CELL */
  const uint16_t *scores;   /* [256] of a class; with softmax e^-x of x steps below the largest */
  const uint16_t *presence; /* [256] that something is there, or NULL */
  const int16_t *anchors;   /* [count][2] width and height, sixteenths */
  struct vision_values box_values;
  struct vision_values score_values;
  struct vision_values presence_values;
  int32_t code;
  int32_t rows;
  int32_t columns;
  int32_t count;      /* anchors of a cell */
  int32_t step[2];    /* from cell to cell: x, y, sixteenths */
  int32_t start[2];   /* of the first cell's middle or corner */
  int32_t by_anchor;  /* middles are in anchors, not in cells */
  int32_t rows_first; /* values are y before x */
  int32_t classes;
  int32_t background;     /* 1: its score comes first */
  int32_t softmax;        /* scores are shares of all */
  int32_t least;          /* the least raw score, or step above the background, of a candidate */
  int32_t least_presence; /* the least raw presence */
};

struct vision_limits {
  int32_t size[2];    /* of the image: width, height, sixteenths */
  int32_t candidates; /* at most so many go into the suppression, the best ones */
  int32_t most;       /* boxes at most */
  int32_t threshold;  /* least score */
  int32_t overlap;    /* shared over joint area above which the worse box goes, 16 fraction bits */
  int32_t apart;      /* VISION_CELL: nearer middles are one thing, sixteenths; 0: by overlap */
  int32_t by_label;   /* whether labels are suppressed apart */
};

/* Puts a head's candidates among those that were found, the best first; a later one of the same
 * score comes behind. found [candidates][6]; returns their number. */
int32_t vision_gather_portable(const struct vision_head *head, const struct vision_limits *limits,
                               const int8_t *boxes, const int8_t *scores, const int8_t *presence,
                               int16_t *found, int32_t count);

/* Keeps the best box of those that lie over each other; returns how many are left, in front. */
int32_t vision_suppress_portable(const struct vision_limits *limits, int16_t *found, int32_t count);

/* When a stage of a cascade wakes the next one, and when it lets it sleep again. */
struct vision_stage {
  int32_t wake;  /* the least score that speaks for it */
  int32_t sleep; /* scores below speak against it */
  int32_t up;    /* so many moments in a row wake */
  int32_t down;  /* so many moments in a row let sleep */
};

struct vision_wakefulness {
  int32_t awake;
  int32_t run; /* moments in a row that spoke for a change */
};

/* Takes a stage's score of this moment; returns whether the next stage is to run. */
int32_t vision_wake_portable(const struct vision_stage *stage, struct vision_wakefulness *state,
                             int32_t score);

enum vision_format {
  VISION_GREY8,
  VISION_RGB565, /* the high byte first, as sensors send it */
  VISION_RGB565_LE,
  VISION_RGB888,
  VISION_YUV422, /* Y U Y V */
  VISION_BAYER8, /* a pixel is two rows of two */
};

/* Which source pixels make each of the target's along an axis, and how much each weighs. */
struct vision_taps {
  const uint16_t *first;   /* [targets] */
  const uint16_t *counts;  /* [targets] */
  const uint16_t *weights; /* [sum of counts]; those of a target have one sum for all targets */
};

struct vision_camera {
  struct vision_taps columns;
  struct vision_taps rows;
  const int8_t *values;    /* [256] by brightness */
  int32_t width;           /* target pixels of a row */
  int32_t height;          /* target rows */
  int32_t format;          /* enum vision_format */
  int32_t red_column;      /* of VISION_BAYER8, 0 or 1 */
  int32_t red_row;         /* the same */
  int32_t sums;            /* kept of a pixel: 1 or 3 */
  int32_t channels;        /* of the target: 1 or 3 */
  int32_t slots;           /* target rows that are under way at once */
  uint32_t grey[3];        /* what the parts of a pixel weigh where one sum is kept */
  uint32_t reciprocals[3]; /* from sums to 0 ... 255 */
  int32_t shift;           /* their fraction bits */
};

/* Takes a row as the sensor gives it, from the first column that counts on.
 *
 * sums [slots][width][sums]: scratch that lasts for a frame.
 * at [4]: zeros at the start of a frame; the source row, the target row that is next, and more.
 * Returns 1 where `out` [width][channels] is a new row of the target, and the same row is to be
 * given again; 0 where the next one may come. */
int32_t vision_camera_row_portable(const struct vision_camera *op, uint32_t *sums, int32_t *at,
                                   const uint8_t *row, int8_t *out);

#endif /* KERNELS_VISION_VISION_H_ */
