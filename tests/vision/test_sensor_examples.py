# SPDX-License-Identifier: Apache-2.0
"""Programs from a sensor to a network, compiled against what they use of their drivers.

The declarations are those of ST's cmsis_device_h7, Espressif's esp32-camera 2 and Arduino_OV767X.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.check.toolchain import find_tool, run_tool
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.vision import camera_part, read_camera, with_parts
from tests.formats.projects import needed
from tests.ops.build_tflite import SAME, Net
from tests.ops.programs import write_files

FORMATS = ("platformio", "esp-idf", "arduino")
DRIVERS = {
    "stm32h7xx.h": """
#include <stdint.h>
typedef struct { volatile uint32_t CR, NDTR, PAR, M0AR, M1AR, FCR; } DMA_Stream_TypeDef;
typedef struct { volatile uint32_t LISR, HISR, LIFCR, HIFCR; } DMA_TypeDef;
typedef struct { volatile uint32_t CCR; } DMAMUX_Channel_TypeDef;
typedef struct { volatile uint32_t CR, SR, RIS, IER, MIS, ICR, ESCR, ESUR, CWSTRTR, CWSIZER, DR; }
    DCMI_TypeDef;
#define DMA1_Stream1 ((DMA_Stream_TypeDef *)0x40020028u)
#define DMA1 ((DMA_TypeDef *)0x40020000u)
#define DMAMUX1_Channel1 ((DMAMUX_Channel_TypeDef *)0x40020804u)
#define DCMI ((DCMI_TypeDef *)0x48020000u)
#define DMA_SxCR_EN (1u << 0)
#define DMA_SxCR_TCIE (1u << 4)
#define DMA_SxCR_CIRC (1u << 8)
#define DMA_SxCR_MINC (1u << 10)
#define DMA_SxCR_PSIZE_1 (2u << 11)
#define DMA_SxCR_MSIZE_1 (2u << 13)
#define DMA_SxCR_PL_1 (2u << 16)
#define DMA_SxCR_DBM (1u << 18)
#define DMA_LIFCR_CFEIF1 (1u << 6)
#define DMA_LIFCR_CTEIF1 (1u << 9)
#define DMA_LIFCR_CHTIF1 (1u << 10)
#define DMA_LIFCR_CTCIF1 (1u << 11)
#define DCMI_CR_CAPTURE (1u << 0)
#define DCMI_CR_CM (1u << 1)
#define DCMI_CR_ENABLE (1u << 14)
typedef enum { DMA1_Stream1_IRQn = 12 } IRQn_Type;
void NVIC_EnableIRQ(IRQn_Type irq);
void SCB_InvalidateDCache_by_Addr(volatile void *addr, int32_t dsize);
""",
    "esp_camera.h": """
#include <stddef.h>
#include <stdint.h>
#include "esp_err.h"
typedef enum { LEDC_TIMER_0 } ledc_timer_t;
typedef enum { LEDC_CHANNEL_0 } ledc_channel_t;
typedef enum { PIXFORMAT_RGB565, PIXFORMAT_YUV422, PIXFORMAT_GRAYSCALE, PIXFORMAT_RGB888 }
    pixformat_t;
typedef enum { FRAMESIZE_96X96, FRAMESIZE_QVGA, FRAMESIZE_QQVGA, FRAMESIZE_VGA } framesize_t;
typedef enum { CAMERA_FB_IN_PSRAM, CAMERA_FB_IN_DRAM } camera_fb_location_t;
typedef enum { CAMERA_GRAB_WHEN_EMPTY } camera_grab_mode_t;
typedef struct {
  int pin_pwdn, pin_reset, pin_xclk, pin_sccb_sda, pin_sccb_scl, pin_d7, pin_d6, pin_d5, pin_d4,
      pin_d3, pin_d2, pin_d1, pin_d0, pin_vsync, pin_href, pin_pclk, xclk_freq_hz;
  ledc_timer_t ledc_timer;
  ledc_channel_t ledc_channel;
  pixformat_t pixel_format;
  framesize_t frame_size;
  int jpeg_quality;
  size_t fb_count;
  camera_fb_location_t fb_location;
  camera_grab_mode_t grab_mode;
  int sccb_i2c_port;
} camera_config_t;
typedef struct { uint8_t *buf; size_t len, width, height; pixformat_t format; } camera_fb_t;
esp_err_t esp_camera_init(const camera_config_t *config);
camera_fb_t *esp_camera_fb_get(void);
void esp_camera_fb_return(camera_fb_t *fb);
""",
    "esp_err.h": "typedef int esp_err_t;\n#define ESP_ERROR_CHECK(x) do { (void)(x); } while (0)\n",
    "esp_log.h": "#include <stdio.h>\n#define ESP_LOGI(t, ...) ((void)t, printf(__VA_ARGS__))\n",
    "esp_timer.h": "#include <stdint.h>\nint64_t esp_timer_get_time(void);\n",
    "freertos/FreeRTOS.h": "#define pdMS_TO_TICKS(ms) (ms)\n",
    "freertos/task.h": "void vTaskDelay(int ticks);\n",
    "Arduino.h": """
#include <stdint.h>
typedef uint8_t byte;
struct Output { void begin(long); void println(const char *); void print(unsigned long); };
extern Output Serial;
unsigned long micros();
void delay(unsigned long);
""",
    "Arduino_OV767X.h": """
enum { YUV422 = 0, RGB444 = 1, RGB565 = 2, GRAYSCALE = 4 };
enum { OV7670 = 0, OV7675 = 1 };
enum { VGA = 0, CIF = 1, QVGA = 2, QCIF = 3, QQVGA = 4 };
class OV767X {
public:
  int begin(int resolution, int format, int fps, int camera_name = OV7670);
  void readFrame(void *buffer);
};
extern OV767X Camera;
""",
}  # fmt: skip
STRICT = ("-Wall", "-Wextra", "-Werror", "-O2", "-c", "-o", "/dev/null")


def network() -> bytes:
    """One convolution of grey pictures."""
    net = Net()
    x = net.tensor((1, 24, 32, 1), scale=1 / 255, zero_point=-128)
    w = net.tensor((2, 4, 4, 1), scale=[0.01] * 2, data=np.ones((2, 4, 4, 1), np.int8))
    y = net.tensor((1, 6, 8, 2), scale=0.03, zero_point=-20)
    net.op("CONV_2D", [x, w], [y], Padding=SAME, StrideH=4, StrideW=4)
    return net.build([x], [y])


def project(camera: str, mode: str = "rows", board: str = "stm32h743"):
    compiled = compile_tflite(network(), board, name="person", input_mode=mode)
    return with_parts(compiled, [camera_part(read_camera(camera))], FORMATS)


@pytest.mark.parametrize("mode", ["rows", "frame"])
@pytest.mark.parametrize(
    "camera", ["rgb565:320x240", "grey8:160x120", "yuv422:160x120:letterbox:mirror"]
)
def test_every_sensors_program_compiles(camera, mode, tmp_path):
    made = project(camera, mode)
    write_files(tmp_path, {**made.files, **{f"drivers/{p}": t for p, t in DRIVERS.items()}})
    includes = [f"-I{tmp_path / 'src'}", "-isystem", str(tmp_path / "drivers")]
    gcc, gxx = (
        needed(f"arm-none-eabi-{c}", "apt install gcc-arm-none-eabi") for c in ("gcc", "g++")
    )
    core = ["-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-d16"]
    examples = tmp_path / "examples"
    run_tool([gcc, *core, "-std=c11", "-Wconversion", *STRICT, *includes,
              str(examples / "dcmi_stm32h743.c")])  # fmt: skip
    run_tool([find_tool("cc"), "-std=gnu11", *STRICT, *includes,
              str(examples / "esp_idf_camera" / "main" / "main.c")])  # fmt: skip
    sketch = examples / "person_ov7675" / "person_ov7675.ino"
    run_tool([gxx, "-mcpu=cortex-m4", "-mthumb", "-std=gnu++14", *STRICT, *includes,
              "-include", "Arduino.h", "-x", "c++", str(sketch)])  # fmt: skip


def test_a_program_that_misses_a_call_does_not_compile(tmp_path):
    """The check above looks at the calls."""
    made = project("rgb565:320x240")
    broken = {p: t.replace("_camera_row(", "_camera_line(") for p, t in made.files.items()}
    main = "examples/esp_idf_camera/main/main.c"
    own = {**made.files, main: broken[main]}
    write_files(tmp_path, {**own, **{f"drivers/{p}": t for p, t in DRIVERS.items()}})
    includes = [f"-I{tmp_path / 'src'}", "-isystem", str(tmp_path / "drivers")]
    with pytest.raises(Exception, match="person_camera_line"):
        run_tool([find_tool("cc"), "-std=gnu11", *STRICT, *includes, str(tmp_path / main)])


@pytest.mark.parametrize(
    ("camera", "left"),
    [
        ("rgb565:320x240", {"dcmi", "esp", "nano"}),
        ("rgb888:640x480", {"dcmi", "esp"}),
        ("bayer8:320x240", {"dcmi"}),
        ("grey8:322x240", set()),
        ("rgb565:640x480", {"dcmi", "esp"}),
        ("rgb565le:320x240", {"dcmi"}),
    ],
)
def test_only_what_a_driver_can_send_has_a_program(camera, left):
    paths = "\n".join(project(camera).files)
    marks = {"dcmi": "dcmi_stm32h743.c", "esp": "esp_idf_camera/", "nano": "person_ov7675.ino"}
    assert {name for name, mark in marks.items() if mark in paths} == left


def test_a_folder_for_cmake_holds_the_library_alone():
    """All C of it but `main.c` is compiled."""
    compiled = compile_tflite(network(), "stm32h743", name="person", input_mode="rows")
    made = with_parts(compiled, [camera_part(read_camera("rgb565:320x240"))])
    assert not [path for path in made.files if path.startswith("examples")]


def test_an_edited_program_is_kept(tmp_path):
    """They are what a project is begun with, and the user's from then on."""
    made = project("rgb565:320x240")
    made.write(tmp_path)
    path: Path = tmp_path / "examples" / "dcmi_stm32h743.c"
    path.write_text("/* mine */\n")
    made.write(tmp_path)
    assert path.read_text() == "/* mine */\n"
    assert "DMA_REQUEST_OF_DCMI 75u" in made.files["examples/dcmi_stm32h743.c"]
