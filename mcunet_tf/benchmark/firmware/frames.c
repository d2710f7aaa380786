/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware.h"

static const uint32_t crc_of_nibble[16] = {0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu,
                                           0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
                                           0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
                                           0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu};

uint32_t firmware_crc32(uint32_t crc, const void *data, uint32_t size_bytes) {
  const uint8_t *bytes = data;
  crc = ~crc;
  for (uint32_t i = 0; i < size_bytes; i++) {
    crc ^= bytes[i];
    crc = (crc >> 4) ^ crc_of_nibble[crc & 15u];
    crc = (crc >> 4) ^ crc_of_nibble[crc & 15u];
  }
  return ~crc;
}

void firmware_send(enum frame_kind kind, const void *payload, uint32_t size_bytes) {
  const uint8_t head[7] = {FRAME_MAGIC_0,
                           FRAME_MAGIC_1,
                           (uint8_t)kind,
                           (uint8_t)size_bytes,
                           (uint8_t)(size_bytes >> 8),
                           (uint8_t)(size_bytes >> 16),
                           (uint8_t)(size_bytes >> 24)};
  const uint32_t crc = firmware_crc32(firmware_crc32(0, head + 2, 5), payload, size_bytes);
  uart_write(head, sizeof head);
  uart_write(payload, size_bytes);
  uart_write(&crc, sizeof crc); /* Cortex-M is little endian, as the frame is */
}
