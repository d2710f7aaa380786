/* SPDX-License-Identifier: Apache-2.0 */
#include "brightness.h"
#include "vision.h"

/* The parts of a source pixel: red, green, blue; or Y, U, V; or grey alone. */
static void parts_of(const struct vision_camera *op, const uint8_t *row, int32_t y, int32_t x,
                     uint32_t *parts) {
  if (op->format == VISION_GREY8) {
    parts[0] = row[x];
  } else if (op->format == VISION_RGB888) {
    for (int32_t i = 0; i < 3; i++) {
      parts[i] = row[3 * x + i];
    }
  } else if (op->format == VISION_YUV422) {
    parts[0] = row[2 * x];
    parts[1] = row[4 * (x / 2) + 1];
    parts[2] = row[4 * (x / 2) + 3];
  } else if (op->format == VISION_BAYER8) {
    const int32_t has_red = (y & 1) == op->red_row;
    const int32_t column = has_red ? op->red_column : 1 - op->red_column;
    const uint32_t coloured = row[2 * x + column];
    parts[0] = has_red ? coloured : 0;
    parts[1] = row[2 * x + 1 - column];
    parts[2] = has_red ? 0 : coloured;
  } else {
    const int32_t high = op->format == VISION_RGB565 ? 0 : 1;
    const uint32_t word = ((uint32_t)row[2 * x + high] << 8) | row[2 * x + 1 - high];
    parts[0] = word >> 11;
    parts[1] = word >> 5 & 63;
    parts[2] = word & 31;
  }
}

static void add_row(const struct vision_camera *op, uint32_t *sums, const uint8_t *row, int32_t y,
                    uint32_t weight, int32_t begins) {
  const uint16_t *weights = op->columns.weights;
  const int32_t known = op->format == VISION_GREY8 ? 1 : 3;
  for (int32_t x = 0; x < op->width; x++) {
    uint32_t across[3] = {0, 0, 0};
    for (int32_t k = 0; k < op->columns.counts[x]; k++) {
      uint32_t parts[3] = {0, 0, 0};
      parts_of(op, row, y, op->columns.first[x] + k, parts);
      for (int32_t i = 0; i < known; i++) {
        across[i] += parts[i] * weights[k];
      }
    }
    weights += op->columns.counts[x];
    if (op->sums == 1) {
      across[0] = across[0] * op->grey[0] + across[1] * op->grey[1] + across[2] * op->grey[2];
    }
    for (int32_t i = 0; i < op->sums; i++) {
      sums[i] = (begins ? 0 : sums[i]) + across[i] * weight;
    }
    sums += op->sums;
  }
}

static int32_t clamp(int32_t value) {
  return value < 0 ? 0 : (value > 255 ? 255 : value);
}

static void finish_row(const struct vision_camera *op, const uint32_t *sums, int8_t *out) {
  for (int32_t x = 0; x < op->width; x++) {
    int32_t levels[3] = {0, 0, 0};
    for (int32_t i = 0; i < op->sums; i++) {
      levels[i] = brightness(sums[i], op->reciprocals[i], op->shift);
    }
    if (op->sums == 1) {
      levels[1] = levels[2] = levels[0];
    } else if (op->format == VISION_YUV422) {
      const int32_t u = levels[1] - 128;
      const int32_t v = levels[2] - 128;
      const int32_t y = levels[0];
      levels[0] = clamp(y + ((359 * v + 128) >> 8));
      levels[1] = clamp(y - ((88 * u + 183 * v + 128) >> 8));
      levels[2] = clamp(y + ((454 * u + 128) >> 8));
    }
    for (int32_t i = 0; i < op->channels; i++) {
      out[i] = op->values[levels[i]];
    }
    sums += op->sums;
    out += op->channels;
  }
}

/* Rows of taps lie behind each other; target rows are asked for in their order. */
static const uint16_t *row_weights(const struct vision_camera *op, int32_t target) {
  const uint16_t *weights = op->rows.weights;
  for (int32_t y = 0; y < target; y++) {
    weights += op->rows.counts[y];
  }
  return weights;
}

int32_t vision_camera_row_portable(const struct vision_camera *op, uint32_t *sums, int32_t *at,
                                   const uint8_t *row, int8_t *out) {
  const int32_t shared = op->format == VISION_BAYER8 ? 1 : 0; /* two sensor rows are one */
  const int32_t y = at[0] >> shared;
  const int32_t is_second = !shared || (at[0] & 1);
  /* at[1] is the next target row that is not complete, at[2] how many behind it had this row. */
  for (;;) {
    const int32_t target = at[1] + at[2];
    if (target >= op->height || op->rows.first[target] > y) {
      break;
    }
    const int32_t tap = y - op->rows.first[target];
    const int32_t size = op->width * op->sums;
    uint32_t *own = &sums[target % op->slots * size];
    const uint32_t weight = row_weights(op, target)[tap];
    add_row(op, own, row, at[0], weight, tap == 0 && !(shared && is_second));
    if (is_second && tap == op->rows.counts[target] - 1) {
      finish_row(op, own, out);
      at[1]++;
      return 1;
    }
    at[2]++;
  }
  at[0]++;
  at[2] = 0;
  return 0;
}
