/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the firmware say to each other, and the frames they say to the host.
 *
 * A frame, both ways, little endian: A5 5A, kind (1 byte), length (4), payload, CRC-32 (4; zlib's,
 * of kind, length and payload). The host asks, the board answers each frame with one.
 *
 *   host                        board
 *   HELLO                       INFO: version, arena bytes, inputs, outputs, counter kind, size
 *                                     in bytes of each input and output (uint32 each), name
 *   INPUT: index (4), tensor    OK
 *   INVOKE                      DONE: stack high-water mark in bytes (uint32), ticks (uint64)
 *   OUTPUT: index (4)           DATA: the tensor
 *                               BOOT, unasked: the board has just started
 *   anything wrong              ERROR: reason (uint32)
 *                               FAULT: exception, CFSR, BFAR, pc (uint32 each), then silence;
 *                                     on RISC-V 256 + mcause, 0, mtval, mepc, on Xtensa 512 +
 *                                     EXCCAUSE, 0, EXCVADDR, EPC1
 */
#ifndef MCUNET_TF_BENCHMARK_FIRMWARE_FIRMWARE_H_
#define MCUNET_TF_BENCHMARK_FIRMWARE_FIRMWARE_H_

#include <stdint.h>

enum { PROTOCOL_VERSION = 1, FRAME_MAGIC_0 = 0xA5, FRAME_MAGIC_1 = 0x5A };

enum frame_kind {
  FRAME_HELLO = 1,
  FRAME_INPUT = 2,
  FRAME_INVOKE = 3,
  FRAME_OUTPUT = 4,
  FRAME_INFO = 0x81,
  FRAME_OK = 0x82,
  FRAME_DONE = 0x83,
  FRAME_DATA = 0x84,
  FRAME_BOOT = 0x85,
  FRAME_ERROR = 0xEE,
  FRAME_FAULT = 0xFA
};

enum frame_error { ERROR_CRC = 1, ERROR_KIND = 2, ERROR_LENGTH = 3, ERROR_INDEX = 4 };

enum counter_kind {
  COUNTER_NONE = 0,
  COUNTER_DWT_CYCLES = 1,
  COUNTER_SYSTICK = 2,
  COUNTER_MCYCLE = 3,
  COUNTER_MINSTRET = 4,
  COUNTER_CCOUNT = 5
};

/* uart_*.c: one per UART; blocking. */
void uart_init(void);
void uart_write(const void *data, uint32_t size_bytes);
void uart_read(void *data, uint32_t size_bytes);

/* Optional, per board: clocks and caches. */
void board_init(void);

/* crc32 of more bytes; starts from 0. */
uint32_t firmware_crc32(uint32_t crc, const void *data, uint32_t size_bytes);
void firmware_send(enum frame_kind kind, const void *payload, uint32_t size_bytes);

/* Ends the emulation with the status, or waits for ever on a real board. */
__attribute__((noreturn)) void firmware_exit(int status);

/* counter_*.c: what the board can count with. */
enum counter_kind counter_init(void);
void counter_start(void);
uint64_t counter_stop(void);
void counter_wrapped(void); /* the SysTick exception, if counter_*.c uses it */

#endif /* MCUNET_TF_BENCHMARK_FIRMWARE_FIRMWARE_H_ */
