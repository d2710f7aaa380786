/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs one model for a host at the other end of the UART; it knows the model through
 * model_under_test.h only.
 */
#include <stdint.h>

#include "core.h"
#include "firmware.h"
#include "model_under_test.h"

#define STACK_PAINT 0xC3A5F00Du

extern uint32_t __stack_limit[];

static uint8_t arena[TESTED_ARENA_BYTES]
    __attribute__((section(".arena"), aligned(TESTED_ARENA_ALIGNMENT)));

static enum counter_kind counter;

struct frame_head {
  uint8_t kind;
  uint32_t length;
  uint32_t crc; /* of kind and length */
};

static void send_error(enum frame_error error) {
  const uint32_t reason = error;
  firmware_send(FRAME_ERROR, &reason, sizeof reason);
}

/* A little-endian word, as all cores here are; `crc`, if any, goes on over it. */
static uint32_t get_word(uint32_t *crc) {
  uint32_t word;
  uart_read(&word, sizeof word);
  if (crc) {
    *crc = firmware_crc32(*crc, &word, sizeof word);
  }
  return word;
}

/* Skips whatever precedes the magic bytes. */
static struct frame_head get_head(void) {
  struct frame_head head = {0, 0, 0};
  uint8_t last = 0;
  for (;;) {
    uint8_t byte;
    uart_read(&byte, 1);
    if (last == FRAME_MAGIC_0 && byte == FRAME_MAGIC_1) {
      break;
    }
    last = byte;
  }
  uart_read(&head.kind, 1);
  head.crc = firmware_crc32(0, &head.kind, 1);
  head.length = get_word(&head.crc);
  return head;
}

/* Takes the CRC off the wire and says whether the frame was whole. */
static int crc_holds(uint32_t crc) {
  return get_word(0) == crc;
}

/* INPUT: the tensor goes straight to its place; a damaged one is sent again by the host. */
static void take_input(struct frame_head head) {
  if (head.length < 4) {
    send_error(ERROR_LENGTH);
    return;
  }
  const uint32_t index = get_word(&head.crc);
  if (index >= TESTED_INPUTS) {
    send_error(ERROR_INDEX);
    return;
  }
  if (head.length - 4 != tested_input_bytes[index]) {
    send_error(ERROR_LENGTH);
    return;
  }
  uint8_t *to = tested_input(index, arena);
  uart_read(to, tested_input_bytes[index]);
  if (!crc_holds(firmware_crc32(head.crc, to, tested_input_bytes[index]))) {
    send_error(ERROR_CRC);
    return;
  }
  firmware_send(FRAME_OK, 0, 0);
}

static void give_output(struct frame_head head) {
  if (head.length != 4) {
    send_error(ERROR_LENGTH);
    return;
  }
  const uint32_t index = get_word(&head.crc);
  if (!crc_holds(head.crc)) {
    send_error(ERROR_CRC);
  } else if (index >= TESTED_OUTPUTS) {
    send_error(ERROR_INDEX);
  } else {
    firmware_send(FRAME_DATA, tested_output(index, arena), tested_output_bytes[index]);
  }
}

/* Own frame, so that the stack pointer at the call is the one that was painted below.
 * A word that happens to hold the paint is missed: the mark may be 4 bytes too low. */
__attribute__((noinline)) static uint32_t invoke_and_measure_stack(uint64_t *ticks) {
  uint32_t *top = core_stack_pointer();
  for (volatile uint32_t *word = __stack_limit; word < top; word++) {
    *word = STACK_PAINT;
  }
  counter_start();
  REGION_BEGIN();
  TESTED_INVOKE(arena);
  REGION_END();
  *ticks = counter_stop();
  volatile uint32_t *word = __stack_limit;
  while (word < top && *word == STACK_PAINT) {
    word++;
  }
  return (uint32_t)((const uint8_t *)top - (const uint8_t *)word);
}

static void invoke(void) {
  struct {
    uint32_t stack_bytes;
    uint32_t ticks[2];
  } done;
  uint64_t ticks;
  done.stack_bytes = invoke_and_measure_stack(&ticks);
  done.ticks[0] = (uint32_t)ticks;
  done.ticks[1] = (uint32_t)(ticks >> 32);
  firmware_send(FRAME_DONE, &done, sizeof done);
}

static void introduce(void) {
  struct {
    uint32_t version;
    uint32_t arena_bytes;
    uint32_t inputs;
    uint32_t outputs;
    uint32_t counter;
    uint32_t tensor_bytes[TESTED_INPUTS + TESTED_OUTPUTS];
    char name[sizeof TESTED_NAME - 1];
  } info = {PROTOCOL_VERSION,
            TESTED_ARENA_BYTES,
            TESTED_INPUTS,
            TESTED_OUTPUTS,
            (uint32_t)counter,
            {0},
            {0}};
  for (uint32_t i = 0; i < TESTED_INPUTS; i++) {
    info.tensor_bytes[i] = tested_input_bytes[i];
  }
  for (uint32_t i = 0; i < TESTED_OUTPUTS; i++) {
    info.tensor_bytes[TESTED_INPUTS + i] = tested_output_bytes[i];
  }
  for (uint32_t i = 0; i < sizeof info.name; i++) {
    info.name[i] = TESTED_NAME[i];
  }
  const uint32_t size_bytes =
      (uint32_t)((const uint8_t *)&info.name[sizeof info.name] - (const uint8_t *)&info);
  firmware_send(FRAME_INFO, &info, size_bytes);
}

static void answer(struct frame_head head) {
  if (head.kind == FRAME_INPUT) {
    take_input(head);
    return;
  }
  if (head.kind == FRAME_OUTPUT) {
    give_output(head);
    return;
  }
  if (head.kind != FRAME_HELLO && head.kind != FRAME_INVOKE) {
    send_error(ERROR_KIND);
  } else if (head.length != 0) {
    send_error(ERROR_LENGTH);
  } else if (!crc_holds(head.crc)) {
    send_error(ERROR_CRC);
  } else if (head.kind == FRAME_HELLO) {
    introduce();
  } else {
    invoke();
  }
}

int main(void) {
  counter = counter_init();
#ifdef TESTED_SETUP /* an interpreter prepares itself before the first inference */
  TESTED_SETUP(arena);
#endif
  firmware_send(FRAME_BOOT, 0, 0);
  for (;;) {
    answer(get_head());
  }
}
