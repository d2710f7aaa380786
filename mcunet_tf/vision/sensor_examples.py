# SPDX-License-Identifier: Apache-2.0
"""Programs that take frames from a sensor to a network: what a project with a camera begins with.

Each goes with the formats of the platform that its driver is of: CMSIS packs and PlatformIO for an
STM32H743 with DCMI, ESP-IDF for esp32-camera with an OV2640, Arduino for a Nano 33 BLE with an
OV7675. They are made for what the driver can send; a camera of other sizes or formats has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcunet_tf.tinyengine.emit.library import Network
from mcunet_tf.vision.camera import Camera
from mcunet_tf.vision.emit_boxes import filled

_ESP_FORMATS = {
    "rgb565": "RGB565",
    "yuv422": "YUV422",
    "grey8": "GRAYSCALE",
    "rgb888": "RGB888",
}
_ESP_SIZES = {
    (96, 96): "96X96",
    (160, 120): "QQVGA",
    (176, 144): "QCIF",
    (240, 176): "HQVGA",
    (240, 240): "240X240",
    (320, 240): "QVGA",
    (400, 296): "CIF",
    (480, 320): "HVGA",
    (640, 480): "VGA",
    (800, 600): "SVGA",
}
"""Of esp32-camera's `framesize_t`, what an OV2640 has."""
_OV767X_FORMATS = {"rgb565": "RGB565", "yuv422": "YUV422", "grey8": "GRAYSCALE"}
_OV767X_SIZES = {(640, 480): "VGA", (320, 240): "QVGA", (176, 144): "QCIF", (160, 120): "QQVGA"}
_OV767X_MOST = 160 << 10
"""Bytes of a frame that a Nano 33 BLE has room for beside a network: it has 256 kB."""
_WORD = 4

_DCMI = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * @format@ of @width@ x @height@ from DCMI on an STM32H743 to @name@: DMA fills one row while the
 * other one is computed; no frame is held. Yours to edit: clocks, pins and the sensor's registers
 * are the board's, and set up before take_picture is called.
 */
#include <stdbool.h>
#include <string.h>

#include "@name@.h"
#include "@name@_camera.h"
#include "stm32h7xx.h"

#define DMA_REQUEST_OF_DCMI 75u

/* The DMA cannot reach the memories at 0x00000000 and 0x20000000: leave these in AXI or D2 SRAM. */
_Alignas(32) static uint8_t rows[2][(@NAME@_CAMERA_ROW_BYTES + 31) / 32 * 32];
@memories@static struct @name@_camera camera;
static volatile int32_t arrived;

void DMA1_Stream1_IRQHandler(void);
bool take_picture(void);

void DMA1_Stream1_IRQHandler(void) {
  DMA1->LIFCR = DMA_LIFCR_CTCIF1;
  arrived++;
}

/* Two buffers of a row each, that take turns. */
static void begin_rows(void) {
  DMA1_Stream1->CR &= ~DMA_SxCR_EN;
  while (DMA1_Stream1->CR & DMA_SxCR_EN) {
  }
  DMAMUX1_Channel1->CCR = DMA_REQUEST_OF_DCMI;
  DMA1->LIFCR = DMA_LIFCR_CTCIF1 | DMA_LIFCR_CHTIF1 | DMA_LIFCR_CTEIF1 | DMA_LIFCR_CFEIF1;
  DMA1_Stream1->PAR = (uint32_t)&DCMI->DR;
  DMA1_Stream1->M0AR = (uint32_t)rows[0];
  DMA1_Stream1->M1AR = (uint32_t)rows[1];
  DMA1_Stream1->NDTR = @NAME@_CAMERA_ROW_BYTES / 4;
  arrived = 0;
  NVIC_EnableIRQ(DMA1_Stream1_IRQn);
  DMA1_Stream1->CR = DMA_SxCR_DBM | DMA_SxCR_CIRC | DMA_SxCR_MINC | DMA_SxCR_MSIZE_1 |
                     DMA_SxCR_PSIZE_1 | DMA_SxCR_PL_1 | DMA_SxCR_TCIE | DMA_SxCR_EN;
  DCMI->CR |= DCMI_CR_CM | DCMI_CR_ENABLE; /* a snapshot: one whole frame */
  DCMI->CR |= DCMI_CR_CAPTURE;
}

/* Takes a frame and runs the network on it; false if rows came faster than they were computed: then
 * let the sensor send them more slowly. */
bool take_picture(void) {
  begin_rows();
  @name@_camera_begin(&camera, @arguments@);
  for (int32_t y = 0; y < @NAME@_CAMERA_HEIGHT; y++) {
    while (arrived <= y) {
    }
    uint8_t *row = rows[y & 1];
    SCB_InvalidateDCache_by_Addr(row, (int32_t)sizeof rows[0]);
    @name@_camera_row(&camera, @arguments@, row);
    if (arrived > y + 1) {
      return false;
    }
  }
  @name@_camera_finish(&camera, @arguments@);
  return true; /* the outputs are there: @output@ */
}
"""

_ESP32 = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * @format@ of @width@ x @height@ from an OV2640 to @name@, by Espressif's esp32-camera. That driver
 * holds whole frames, in PSRAM where there is some; the network takes them row by row. Pins are
 * those of AI-Thinker's ESP32-CAM. Yours to edit.
 */
#include <stdbool.h>
#include <string.h>

#include "esp_camera.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "@name@.h"
#include "@name@_camera.h"

static const char *TAG = "@name@";

@memories@static struct @name@_camera camera;

static const camera_config_t config = {
    .pin_pwdn = 32,
    .pin_reset = -1,
    .pin_xclk = 0,
    .pin_sccb_sda = 26,
    .pin_sccb_scl = 27,
    .pin_d7 = 35,
    .pin_d6 = 34,
    .pin_d5 = 39,
    .pin_d4 = 36,
    .pin_d3 = 21,
    .pin_d2 = 19,
    .pin_d1 = 18,
    .pin_d0 = 5,
    .pin_vsync = 25,
    .pin_href = 23,
    .pin_pclk = 22,
    .xclk_freq_hz = 20000000,
    .ledc_timer = LEDC_TIMER_0,
    .ledc_channel = LEDC_CHANNEL_0,
    .pixel_format = PIXFORMAT_@pixels@,
    .frame_size = FRAMESIZE_@size@,
    .fb_count = 1,
    .fb_location = CAMERA_FB_IN_@memory@,
    .grab_mode = CAMERA_GRAB_WHEN_EMPTY,
};

static bool take_picture(void)
{
    camera_fb_t *frame = esp_camera_fb_get();
    if (frame == NULL) {
        return false;
    }
    const bool whole = frame->len == (size_t)@NAME@_CAMERA_ROW_BYTES * @NAME@_CAMERA_HEIGHT;
    @name@_camera_begin(&camera, @arguments@);
    for (int y = 0; whole && y < @NAME@_CAMERA_HEIGHT; y++) {
        @name@_camera_row(&camera, @arguments@, frame->buf + y * @NAME@_CAMERA_ROW_BYTES);
    }
    esp_camera_fb_return(frame);
    @name@_camera_finish(&camera, @arguments@);
    return whole;
}

void app_main(void)
{
    ESP_ERROR_CHECK(esp_camera_init(&config));
    while (true) {
        const int64_t start = esp_timer_get_time();
        const bool taken = take_picture();
        const int milliseconds = (int)((esp_timer_get_time() - start) / 1000);
        /* The outputs are there: @output@ */
        ESP_LOGI(TAG, "%s, %d ms", taken ? "a picture" : "no picture", milliseconds);
        vTaskDelay(pdMS_TO_TICKS(1000));
    }
}
"""

_ESP_FILES = {
    "CMakeLists.txt": """\
# SPDX-License-Identifier: Apache-2.0
# idf.py set-target esp32 && idf.py build flash monitor
cmake_minimum_required(VERSION 3.16)

include($ENV{IDF_PATH}/tools/cmake/project.cmake)
project(@name@_camera_example)
""",
    "main/CMakeLists.txt": """\
# SPDX-License-Identifier: Apache-2.0
idf_component_register(SRCS main.c PRIV_REQUIRES esp_timer)
""",
    "main/idf_component.yml": """\
# SPDX-License-Identifier: Apache-2.0
dependencies:
  espressif/esp32-camera: "^2.0.0"
  @name@:
    path: ../../..
""",
    "main/main.c": _ESP32,
}

_NANO = """\
// SPDX-License-Identifier: Apache-2.0
//
// @format@ of @width@ x @height@ from an OV7675 on an Arduino Nano 33 BLE to @name@, by the library
// Arduino_OV767X. That library reads whole frames, @frame_bytes@ bytes; the network takes them row
// by row. Yours to edit.
#include <Arduino_OV767X.h>
#include <@name@.h>
#include <@name@_camera.h>

@memories@static struct @name@_camera camera;
static byte frame[@NAME@_CAMERA_ROW_BYTES * @NAME@_CAMERA_HEIGHT];

void setup() {
  Serial.begin(115200);
  while (!Camera.begin(@size@, @pixels@, 1, OV7675)) {
    Serial.println("no camera");
    delay(1000);
  }
}

void loop() {
  Camera.readFrame(frame);
  const unsigned long start = micros();
  @name@_camera_begin(&camera, @arguments@);
  for (int y = 0; y < @NAME@_CAMERA_HEIGHT; y++) {
    @name@_camera_row(&camera, @arguments@, frame + y * @NAME@_CAMERA_ROW_BYTES);
  }
  @name@_camera_finish(&camera, @arguments@);
  // The outputs are there: @output@
  Serial.print(micros() - start);
  Serial.println(" us");
}
"""


def sensor_examples(camera: Camera, network: Network) -> dict[str, Mapping[str, str]]:
    """Examples by the format that they go with, each its files by path."""
    size, name = (camera.width, camera.height), network.name
    frame_bytes = camera.row_bytes * camera.height
    words = {
        "format": camera.format,
        "width": camera.width,
        "height": camera.height,
        "name": name,
        "NAME": network.macro,
        "arguments": ", ".join(arena.name for arena in network.arenas),
        "output": ", ".join(
            f"{edge.function}({network.arenas[edge.region].name})" for edge in network.outputs
        ),
        "frame_bytes": frame_bytes,
    }
    found: dict[str, Mapping[str, str]] = {}
    if camera.row_bytes % _WORD == 0:
        text = filled(_DCMI, {**words, **_memories(network, "_Alignas")})
        # In a folder without a build system of its own, all C is the library.
        for format_ in ("cmsis-pack", "platformio"):
            found[format_] = {"examples/dcmi_stm32h743.c": text}
    if camera.format in _ESP_FORMATS and size in _ESP_SIZES:
        said = {
            **words,
            **_memories(network, "_Alignas"),
            "pixels": _ESP_FORMATS[camera.format],
            "size": _ESP_SIZES[size],
            "memory": "DRAM" if frame_bytes <= 1 << 15 else "PSRAM",
        }
        found["esp-idf"] = {
            f"examples/esp_idf_camera/{path}": filled(text, said)
            for path, text in _ESP_FILES.items()
        }
    fits = frame_bytes <= _OV767X_MOST
    if fits and camera.format in _OV767X_FORMATS and size in _OV767X_SIZES:
        said = {
            **words,
            **_memories(network, "alignas"),
            "pixels": _OV767X_FORMATS[camera.format],
            "size": _OV767X_SIZES[size],
        }
        sketch = f"{name}_ov7675"
        found["arduino"] = {f"examples/{sketch}/{sketch}.ino": filled(_NANO, said)}
    return found


def _memories(network: Network, aligned: str) -> dict[str, str]:
    lines = (
        f"{aligned}({network.macro}_ARENA_ALIGNMENT) static int8_t {arena.name}[{arena.macro}];\n"
        for arena in network.arenas
    )
    return {"memories": "".join(lines)}
