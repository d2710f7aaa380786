/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution with vectors of RISC-V, multiplier 1: any window, stride, dilation and
 * padding. At most 32 channels are made in all rows of a call before the next ones, by the lines of
 * line_rvv.h.
 *
 * Lines read the image itself. Where an output row lies over the first row of its own window,
 * outputs wait in scratch until no window needs what lies there. Calls of chunk_rows rows and more
 * may have output rows over later rows, which the next windows read, too: all rows of a window are
 * copied before it is written, padding beside them, into a ring.
 *
 * Weight stream, N channels: that of tile_rvv.h, K = kernel_height * kernel_width; what weights may
 * be: line_rvv.h. Where strides across are 1, up to 16 channels are repeated as often as 32 hold
 * them: so many neighbouring pixels, whose channels lie one behind the other, are one vector.
 *
 * scratch, 4-byte aligned: a pointer per row of the kernel, and min(32, channels) bytes for each of
 * min(out_width, pad_left + 16) outputs that may have to wait; or for each column that windows see
 * of (kernel_height - 1) * dilation_height + 1 rows, in calls of chunk_rows rows and more.
 */
#include "../common/asm_function.h"
#include "../common/copy_bytes_rvv.h"
#include "../common/fill_bytes_rvv.h"
#include "../line_rvv/line_rvv.h"
#include "depthwise_conv2d.h"

enum { MOST_LANES = 32, RUN_PIXELS = 16 };

/* Channels that are made at once, of so many that are left. */
ASM_FUNCTION static int32_t lanes_of(__attribute__((unused)) int32_t channels) {
  __asm__ volatile(
      "   vsetvli a0, a0, e16, m4, ta, ma\n"
      "   ret\n");
}

/* Copies `lanes` channels of so many pixels, which lie so many bytes apart here and there. */
ASM_FUNCTION static void copy_lanes(__attribute__((unused)) int8_t *to,
                                    __attribute__((unused)) int32_t to_step,
                                    __attribute__((unused)) const int8_t *from,
                                    __attribute__((unused)) int32_t from_step,
                                    __attribute__((unused)) int32_t pixels,
                                    __attribute__((unused)) int32_t lanes) {
  __asm__ volatile(
      "   vsetvli zero, a5, e8, m2, ta, ma\n"
      "1: vle8.v v0, (a2)\n"
      "   add a2, a2, a3\n"
      "   addi a4, a4, -1\n"
      "   vse8.v v0, (a0)\n"
      "   add a0, a0, a1\n"
      "   bnez a4, 1b\n"
      "   ret\n" ::
          : "memory");
}

static void copy_pixels(int8_t *to, int32_t to_step, const int8_t *from, int32_t from_step,
                        int32_t pixels, int32_t lanes) {
  if (to_step == lanes && from_step == lanes) {
    copy_bytes_rvv(to, from, pixels * lanes);
  } else {
    copy_lanes(to, to_step, from, from_step, pixels, lanes);
  }
}

/* A group of channels of an output row. */
struct row_rvv {
  struct line_rvv line;
  const int8_t **pointers;
  const int8_t *const *window; /* its rows */
  int8_t *waiting;             /* outputs; NULL: they need not wait */
  int8_t *out;
  int32_t written; /* of them */
  int32_t c;       /* the first channel */
  int32_t lanes;   /* channels that are made */
  int32_t pixels;  /* that are made at once */
  int32_t step;    /* bytes from window to window */
  /* Outputs first_whole .. end_whole - 1 are made together. */
  int32_t first_whole;
  int32_t end_whole;
  int32_t first_clipped;
  int32_t last_clipped;
};

/* What all lines of a call have in common. */
static void begin_lines(const struct depthwise_conv2d_s8 *op, struct row_rvv *row) {
  const int32_t channels = op->out_channels;
  const int several = op->stride_width == 1 && 2 * channels <= MOST_LANES;
  struct line_rvv *const line = &row->line;
  line->rows = row->pointers;
  line->height = op->kernel_height;
  line->width = op->kernel_width;
  line->channels = several ? MOST_LANES / channels * channels : channels;
  line->zero_point = op->out_zero_point;
  line->low = op->out_min;
  line->high = op->out_max;
  line->inside = op->kernel_width;
  line->first_clipped = line->last_clipped = 0;
  line->zero_value = op->in_zero_point;
  line->tap_step = op->dilation_width * channels;
  row->step = op->stride_width * channels;
}

/* What the lines of the next channels, from row->c on, have in common. */
static void begin_channels(const struct depthwise_conv2d_s8 *op, struct row_rvv *row) {
  const int32_t channels = row->line.channels, c = row->c, *const words = op->weights;
  const int32_t left = channels - c, most = lanes_of(left < MOST_LANES ? left : MOST_LANES);
  const int several = channels > op->out_channels && most >= op->out_channels;
  row->lanes = several ? op->out_channels : most;
  row->pixels = several ? most / op->out_channels : 1;
  if (row->lanes > op->out_channels - c) {
    row->lanes = op->out_channels - c;
  }
  row->line.bias = words + 1 + c;
  row->line.multipliers = row->line.bias + channels;
  row->line.rights = (const int16_t *)(words + 1 + 2 * channels) + c;
  const int8_t *const bytes = (const int8_t *)(row->line.rights + channels) - c;
  row->line.lefts = words[0] ? bytes : 0;
  row->line.weights = words[0] ? bytes + channels : bytes;
}

/* The next outputs: `lines` of `pixels` each. */
static void make_lines(struct row_rvv *row, int32_t pixels, int32_t lines, int32_t out_step) {
  const int32_t made = pixels * lines;
  if (made > 0) {
    row->line.lanes = pixels * row->lanes;
    row->line.outputs = lines;
    row->line.pixel_step = pixels * row->step;
    row->line.out_step = pixels * out_step;
    line_rvv(&row->line);
    row->line.out += made * out_step;
    for (int32_t i = 0; i < row->line.height; i++) {
      row->pointers[i] += made * row->step;
    }
  }
}

/* `count` outputs from where the line points to, the first or the last of which may be clipped. */
static void make_outputs(struct row_rvv *row, int32_t count, int32_t first_clipped,
                         int32_t last_clipped, int32_t out_step) {
  row->line.first_clipped = first_clipped;
  row->line.last_clipped = last_clipped;
  if (row->pixels == 1) {
    make_lines(row, 1, count, out_step);
    return;
  }
  row->line.last_clipped = 0;
  make_lines(row, 1, first_clipped, out_step);
  row->line.first_clipped = 0;
  const int32_t whole = count - first_clipped - last_clipped;
  make_lines(row, row->pixels, whole / row->pixels, out_step);
  make_lines(row, whole % row->pixels, 1, out_step);
  row->line.last_clipped = last_clipped;
  make_lines(row, 1, last_clipped, out_step);
}

/* Points to the windows of outputs from `first` on in the image. */
static void point_at(const struct depthwise_conv2d_s8 *op, struct row_rvv *row, int32_t first) {
  const int32_t offset = first * row->step - op->pad_left * op->in_channels + row->c;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    row->pointers[i] = row->window[i * op->dilation_height] + offset;
  }
}

/* One output whose window reaches beyond the image. */
static void make_clipped(const struct depthwise_conv2d_s8 *op, struct row_rvv *row, int32_t x) {
  const int32_t channels = op->in_channels, dilation = op->dilation_width;
  const int32_t column = x * op->stride_width - op->pad_left;
  int32_t before = 0, end = op->kernel_width;
  while (before < end && column + before * dilation < 0) {
    before++;
  }
  while (end > before && column + (end - 1) * dilation >= op->in_width) {
    end--;
  }
  const int32_t offset = (column + before * dilation) * channels + row->c;
  for (int32_t i = 0; i < op->kernel_height; i++) {
    row->pointers[i] = row->window[i * op->dilation_height] + offset;
  }
  row->line.before = before;
  row->line.inside = end - before;
  row->line.lanes = row->lanes;
  row->line.outputs = 1;
  line_rvv(&row->line);
  row->line.inside = op->kernel_width;
}

/* Writes outputs before `made` that wait, but for those that lie where windows still read. */
static void write_waiting(const struct depthwise_conv2d_s8 *op, struct row_rvv *row, int32_t made) {
  const int32_t channels = op->out_channels, lanes = row->lanes;
  const int32_t waits = made < op->out_width ? op->pad_left : 0;
  const int32_t ready = made - waits - row->written;
  if (ready > 0) {
    int8_t *const to = row->out + row->written * channels + row->c;
    copy_pixels(to, channels, row->waiting, lanes, ready, lanes);
    row->written += ready;
    if (waits > 0) {
      copy_pixels(row->waiting, lanes, row->waiting + ready * lanes, lanes, waits, lanes);
    }
  }
}

/* Makes outputs first .. end - 1: one by one if their windows reach beyond the image, but for what
 * lines do of 3 x 3. */
static void make_run(const struct depthwise_conv2d_s8 *op, struct row_rvv *row, int32_t first,
                     int32_t end, int whole) {
  const int32_t most = !whole ? 1 : row->waiting ? RUN_PIXELS : end - first;
  while (first < end) {
    const int32_t count = end - first < most ? end - first : most;
    const int32_t out_step = row->waiting ? row->lanes : op->out_channels;
    row->line.out = row->waiting ? row->waiting + (first - row->written) * out_step
                                 : row->out + first * out_step + row->c;
    if (whole) {
      point_at(op, row, first);
      make_outputs(row, count, first == 0 && row->first_clipped,
                   first + count == op->out_width && row->last_clipped, out_step);
    } else {
      make_clipped(op, row, first);
    }
    first += count;
    if (row->waiting) {
      write_waiting(op, row, first);
    }
  }
}

/* Says which outputs have windows that reach beyond the image. */
static void find_clipped(const struct depthwise_conv2d_s8 *op, struct row_rvv *row) {
  const int32_t stride = op->stride_width, left = op->pad_left, width = op->out_width;
  const int32_t reach = (op->kernel_width - 1) * op->dilation_width;
  const int32_t room = op->in_width - 1 - reach + left, before = (left + stride - 1) / stride;
  const int32_t beyond = (width - 1) * stride - room;
  row->first_clipped = row->last_clipped = 0;
  row->first_whole = 0;
  row->end_whole = width;
  if (op->kernel_height == 3 && op->kernel_width == 3 && op->dilation_width == 1 && left <= 1 &&
      beyond <= 1 && width > 1 && op->in_width > 1) {
    row->first_clipped = left;
    row->last_clipped = beyond > 0;
    return;
  }
  const int32_t within = room < 0 ? 0 : room / stride + 1;
  row->first_whole = before < width ? before : width;
  row->end_whole = within < row->first_whole ? row->first_whole : within < width ? within : width;
}

/* The group of channels of a row, from the image. */
static void make_row(const struct depthwise_conv2d_s8 *op, struct row_rvv *row) {
  row->written = 0;
  make_run(op, row, 0, row->first_whole, 0);
  make_run(op, row, row->first_whole, row->end_whole, 1);
  make_run(op, row, row->end_whole, op->out_width, 0);
}

/* The group of channels of all rows, from copies of the image's. */
static void make_rows_of_ring(const struct depthwise_conv2d_s8 *op, struct row_rvv *row,
                              const int8_t *const *in_rows, int8_t *const *out_rows, int32_t rows,
                              int8_t *ring) {
  const int32_t lanes = row->lanes, left = op->pad_left, span = op->kernel_width - 1;
  const int32_t columns = (op->out_width - 1) * op->stride_width + span * op->dilation_width + 1;
  const int32_t seen = columns - left < op->in_width ? columns - left : op->in_width;
  const int32_t ring_rows = (op->kernel_height - 1) * op->dilation_height + 1;
  const int32_t row_bytes = columns * lanes;
  if (seen < columns) {
    fill_bytes_rvv(ring, op->in_zero_point, ring_rows * row_bytes);
  }
  row->line.tap_step = op->dilation_width * lanes;
  row->step = op->stride_width * lanes;
  int32_t copied = 0, slot = 0; /* the next row's, and the oldest one's */
  for (int32_t r = 0; r < rows; r++) {
    for (; copied < r * op->stride_height + ring_rows; copied++) {
      copy_pixels(ring + slot * row_bytes + left * lanes, lanes, in_rows[copied] + row->c,
                  op->in_channels, seen, lanes);
      slot = slot + 1 < ring_rows ? slot + 1 : 0;
    }
    int32_t at = slot;
    for (int32_t i = 0; i < op->kernel_height; i++) {
      row->pointers[i] = ring + at * row_bytes;
      at += op->dilation_height;
      at = at < ring_rows ? at : at - ring_rows;
    }
    row->line.out = out_rows[r] + row->c;
    make_outputs(row, op->out_width, 0, 0, op->out_channels);
  }
}

void depthwise_conv2d_s8_rvv(const struct depthwise_conv2d_s8 *op, const int8_t *const *in_rows,
                             int8_t *const *out_rows, int32_t rows, void *scratch) {
  struct row_rvv row;
  row.pointers = scratch;
  int8_t *const values = (int8_t *)(row.pointers + op->kernel_height);
  begin_lines(op, &row);
  find_clipped(op, &row);
  for (row.c = 0; row.c < op->out_channels; row.c += row.lanes) {
    begin_channels(op, &row);
    if (rows >= op->chunk_rows) {
      make_rows_of_ring(op, &row, in_rows, out_rows, rows, values);
      continue;
    }
    for (int32_t r = 0; r < rows; r++) {
      row.window = in_rows + r * op->stride_height;
      row.out = out_rows[r];
      row.waiting = row.out == row.window[0] ? values : 0;
      make_row(op, &row);
    }
  }
}
