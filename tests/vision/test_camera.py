# SPDX-License-Identifier: Apache-2.0
"""The camera in C gives the network what the numpy form says, in every format and position."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mcunet_tf.benchmark.plugin import plugin_refusal
from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.boards import load_board
from mcunet_tf.check.host import SANITIZER_FLAGS
from mcunet_tf.check.toolchain import find_tool, run_tool
from mcunet_tf.errors import VisionError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.vision import Camera, camera_part, path_to, read_camera, see, with_parts
from mcunet_tf.vision.camera import FORMATS, taps
from tests.formats.projects import FORMATS as PROJECTS
from tests.ops.build_tflite import Net
from tests.ops.programs import write_files
from tests.vision.test_boxes import WARNINGS

SCALE = {"int8": (1 / 127.5, 0), "uint8": (1 / 255, 0)}


def network(height=12, width=10, channels=3, dtype="int8", scale=None) -> bytes:
    """Gives its input back, so that all of it is seen."""
    net = Net()
    factor, zero_point = scale or SCALE[dtype]
    shift = 128 if dtype == "uint8" else 0
    x = net.tensor((1, height, width, channels), scale=factor, zero_point=zero_point, dtype=dtype)
    y = net.tensor((1, height, width, channels), scale=factor, zero_point=zero_point - shift)
    if dtype == "uint8":
        net.op("QUANTIZE", [x], [y])
        return net.build([x], [y])
    net.op("MAX_POOL_2D", [x], [y], StrideH=1, StrideW=1, FilterHeight=1, FilterWidth=1)
    return net.build([x], [y])


def frames(camera, count=3):
    """Noise, a ramp, and all white."""
    rng, size = np.random.default_rng(camera.width), camera.height * camera.row_bytes
    noise = [rng.integers(0, 256, size).astype(np.uint8) for _ in range(count - 2)]
    return [*noise, np.arange(size).astype(np.uint8), np.full(size, 255, np.uint8)]


MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "net.h"
#include "net_camera.h"
static _Alignas(16) int8_t arena[NET_ARENA_BYTES];
int main(void) {
  struct net_camera *camera = malloc(sizeof *camera);
  uint8_t *row = malloc(NET_CAMERA_ROW_BYTES);
  while (!feof(stdin)) {
    net_camera_begin(camera, arena);
    int y = 0;
    for (; y < NET_CAMERA_HEIGHT && fread(row, 1, NET_CAMERA_ROW_BYTES, stdin); y++) {
      net_camera_row(camera, arena, row);
    }
    if (y != NET_CAMERA_HEIGHT) break;
    net_camera_row(camera, arena, row); /* one too many */
    net_camera_finish(camera, arena);
    fwrite(net_output_0(arena), 1, NET_OUTPUT_0_BYTES, stdout);
  }
  free(row);
  free(camera);
  return 0;
}
"""


def run_camera(camera, compiled, folder: Path, given) -> list[np.ndarray]:
    made = with_parts(compiled, [camera_part(camera)])
    own = {path: text for path, text in made.sources.items() if path != "main.c"}
    sources = [str(path) for path in write_files(folder, {**own, "main.c": MAIN})]
    program = folder / "program"
    strict = [*WARNINGS, "-Wno-error=shadow"]
    flags = ["-std=c11", *strict, *SANITIZER_FLAGS, f"-I{folder}"]
    run_tool([find_tool("cc"), *flags, *sources, "-lm", "-o", str(program)])
    data = b"".join(frame.tobytes() for frame in given)
    done = subprocess.run([program], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    shape = compiled.outputs[0].shape
    return list(np.frombuffer(done.stdout, np.int8).reshape(-1, *shape))


def check(camera, model, folder, mode):
    compiled = compile_tflite(model, "portable", name="net", input_mode=mode)
    path = path_to(camera, compiled.inputs[0])
    given = frames(camera)
    got = run_camera(camera, compiled, folder, given)
    assert len(got) == len(given)
    for frame, output in zip(given, got, strict=True):
        (wanted,) = evaluate(compiled.graph, [see(path, frame)])
        np.testing.assert_array_equal(output, wanted)
    return path


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.sampled(5)
def test_every_format_and_fit(format_, channels, tmp_path):
    for n, (fit, mode) in enumerate(
        (("crop", "rows"), ("letterbox", "frame"), ("stretch", "rows"))
    ):
        camera = Camera(format_, 46, 36, fit)
        check(camera, network(channels=channels), tmp_path / str(n), mode)


@pytest.mark.parametrize("fit", ["crop", "letterbox", "stretch"])
@pytest.mark.sampled(3)
def test_a_small_sensor_becomes_larger(fit, tmp_path):
    for n, size in enumerate(((6, 8), (5, 31), (40, 4))):
        check(Camera("rgb888", *size, fit), network(13, 17), tmp_path / str(n), "rows")


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.sampled(6)
def test_turned_pictures(rotation, mirror, tmp_path):
    camera = Camera("rgb565", 33, 26, "letterbox", rotation, mirror)
    # Colour and grey in turn: a pair of both for each quarter turn.
    check(camera, network(12, 15, 1 if mirror else 3), tmp_path, "frame")


@pytest.mark.parametrize("mosaic", ["rggb", "bggr", "grbg", "gbrg"])
@pytest.mark.sampled(2)
def test_mosaics(mosaic, tmp_path):
    check(Camera("bayer8", 48, 40, mosaic=mosaic), network(), tmp_path, "rows")


def test_an_input_of_uint8(tmp_path):
    check(Camera("grey8", 40, 40), network(dtype="uint8", channels=1), tmp_path, "frame")


@pytest.mark.parametrize("size", [(16, 24), (48, 48), (32, 32), (36, 36), (47, 40)])
@pytest.mark.sampled(2)
def test_the_fast_kernel_is_used_and_equal(size, tmp_path):
    camera = Camera("rgb565", 64, 48)
    path = check(camera, network(*size, 1), tmp_path, "rows")
    assert (tmp_path / "kernels/vision/camera_packed.h").exists() == path.is_packed


def test_whole_steps_of_grey_take_the_fast_kernel():
    camera = Camera("rgb565", 64, 48)
    assert path_to(camera, compile_tflite(network(32, 32, 1), "portable").inputs[0]).is_packed


def rgb565(image: np.ndarray) -> np.ndarray:
    red, green, blue = (image[..., k].astype(np.uint16) for k in range(3))
    return (red >> 3 << 11 | green >> 2 << 5 | blue >> 3).astype(">u2").view(np.uint8)


def test_an_area_average_is_the_mean_of_what_is_covered():
    camera = Camera("rgb888", 40, 24, "stretch")
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (24, 40, 3)).astype(np.uint8)
    info = SimpleNamespace(name="x", shape=(1, 6, 8, 3), dtype="uint8", scale=1.0, zero_point=0)
    got = see(path_to(camera, info), image.reshape(24, -1))
    means = image.reshape(6, 4, 8, 5, 3).mean(axis=(1, 3))
    assert np.abs(got[0] - means).max() <= 0.51


def test_colours_are_those_of_the_picture():
    """One colour in every format: white, and a strong red."""
    info = SimpleNamespace(name="x", shape=(1, 4, 4, 3), dtype="uint8", scale=1.0, zero_point=0)
    for colour in ((255, 255, 255), (200, 40, 90)):
        image = np.broadcast_to(np.array(colour, np.uint8), (8, 8, 3))
        y = 0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2]
        u = 128 + 0.564 * (image[..., 2] - y)
        v = 128 + 0.713 * (image[..., 0] - y)
        yuv = np.stack([y, np.where(np.arange(8) % 2, v, u)], axis=-1)
        bayer = image[..., 1].copy()
        bayer[::2, ::2], bayer[1::2, 1::2] = colour[0], colour[2]
        sent = {
            "rgb888": image,
            "rgb565": rgb565(image),
            "rgb565le": rgb565(image).reshape(8, 8, 2)[..., ::-1],
            "yuv422": np.clip(np.round(yuv), 0, 255).astype(np.uint8),
            "bayer8": bayer,
        }
        for format_, frame in sent.items():
            got = see(
                path_to(Camera(format_, 8, 8), info), np.ascontiguousarray(frame).reshape(8, -1)
            )
            assert np.abs(got.astype(int) - np.array(colour)).max() <= 8, format_


@pytest.mark.parametrize(("sources", "targets"), [(240, 96), (320, 96), (7, 7), (9, 4), (5, 13)])
def test_weights_have_one_sum_and_lie_within(sources, targets):
    found = taps(sources, targets)
    assert {sum(weights) for weights in found.weights} == {found.total}
    matrix = found.matrix(sources)
    if targets <= sources:
        assert len(set(matrix.sum(axis=0).tolist())) == 1, "each source pixel counts alike"
    assert (matrix.sum(axis=1) == found.total).all()


def board_main(camera, frame) -> str:
    data = ",".join(map(str, np.asarray(frame).reshape(-1).tolist()))
    return f"""
    #include "net_camera.h"
    #include "net.h"
    #include "region.h"
    static const uint8_t frame[] = {{{data}}};
    static _Alignas(16) int8_t arena[NET_ARENA_BYTES];
    static struct net_camera camera;
    int main(void) {{
      net_camera_begin(&camera, arena);
      for (int y = 0; y < {camera.height}; y++) {{
        REGION_BEGIN();
        net_camera_row(&camera, arena, frame + y * {camera.row_bytes});
        REGION_END();
      }}
      net_camera_finish(&camera, arena);
      region_write(net_output_0(arena), NET_OUTPUT_0_BYTES);
      return 0;
    }}
    """


def camera_on_board(camera, board, model, input_mode="frame"):
    """Outputs, and the instructions that rows take, of a network that only hands its input on."""
    compiled = compile_tflite(model, board, name="net", input_mode=input_mode)
    frame = frames(camera)[0]
    made = with_parts(compiled, [camera_part(camera)])
    files = {path: text for path, text in made.sources.items() if path != "main.c"}
    run = run_elf({**files, "main.c": board_main(camera, frame)}, board)
    (wanted,) = evaluate(compiled.graph, [see(path_to(camera, compiled.inputs[0]), frame)])
    np.testing.assert_array_equal(np.frombuffer(run.stdout, np.int8), wanted.reshape(-1))
    return run, made


@pytest.mark.qemu
def test_a_frame_costs_little_beside_person_detection():
    """320 x 240 to 96 x 96, as its input goes from -1 to 1; an inference takes 8.19 M."""
    if plugin_refusal(load_board("qemu-m4").core.architecture.emulator):
        pytest.skip("QEMU loads no plugin: nothing is counted")
    camera = Camera("rgb565", 320, 240)
    run, made = camera_on_board(camera, "qemu-m4", network(96, 96, 1))
    count = sum(region.instructions for region in run.regions)
    print(f"camera: {count} instructions a frame")
    assert count < 0.08 * 8_190_000
    (line,) = (text for text in made.files["net_camera.h"].splitlines() if "sums[" in text)
    sums = int(line.split("[")[1].split("]")[0])
    assert 4 * sums + 96 + 32 <= 3 * camera.row_bytes


@pytest.mark.qemu
@pytest.mark.parametrize("format_", ["yuv422", "bayer8", "rgb565"])
def test_a_camera_on_a_board_equals_numpy(format_):
    camera_on_board(Camera(format_, 64, 48, "letterbox"), "qemu-m4", network())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "camera '': say FORMAT:WIDTHxHEIGHT"),
        ("rgb565", "say FORMAT:WIDTHxHEIGHT"),
        ("rgb565:320", "say FORMAT:WIDTHxHEIGHT"),
        ("rgb999:320x240", "camera format='rgb999': give one of grey8, rgb565"),
        ("rgb565:320x240:zoom", "'zoom' is unknown: say"),
        ("rgb565:320x240:rotate45", "'rotate45' is unknown"),
        ("rgb565:4000x240", "camera width=4000: give a whole number from 2 to 2047 pixels"),
        ("yuv422:321x240", "yuv422 of 321x240: its pixels come in pairs: give even numbers"),
        ("bayer8:320x241", "its pixels come in pairs"),
        ("rgb565:320x240:1..1", r"range=\(1.0, 1.0\): black comes first, and is less"),
        ("rgb565:320x240:1..", "'1..' is unknown: say"),
    ],
)
def test_cameras_that_cannot_be(text, told):
    with pytest.raises(VisionError, match=told) as refused:
        read_camera(text)
    assert "\n" not in str(refused.value)


def test_a_camera_in_words():
    told = read_camera("bayer8:640x480:letterbox:rotate90:mirror:bggr")
    assert told == Camera("bayer8", 640, 480, "letterbox", 90, True, "bggr")
    assert read_camera("grey8:64x64:-2.5..3").range == (-2.5, 3.0)
    assert read_camera("grey8:64x64:raw").range == "raw"


@pytest.mark.parametrize(
    ("told", "black", "white"),
    [("raw", -128, 127), ("-2.25..2.5", -58, 72), ("-20..30", -128, 127)],
)
def test_a_network_whose_scale_says_nothing_of_its_range(told, black, white, tmp_path):
    """As of those that take standardised pictures: black and white are said, and no more."""
    compiled = compile_tflite(network(scale=(0.0365, 4)), "portable", name="net")
    camera = read_camera(f"grey8:40x36:stretch:{told}")
    path = path_to(camera, compiled.inputs[0])
    assert (path.values[0], path.values[-1]) == (black, white)
    assert (np.diff(path.values.astype(int)) >= 0).all()
    for level, value in ((0, black), (255, white)):
        assert (see(path, np.full((36, 40), level, np.uint8)) == value).all()
    emitted = with_parts(compiled, [camera_part(camera)])
    assert f"{black}, " in emitted.files["net_camera.c"]


@pytest.mark.parametrize(
    ("camera", "model", "mode", "told"),
    [
        (Camera(), network(channels=4), "frame", r"int8 \[1, 12, 10, 4\]: a camera gives int8 im"),
        (
            Camera(),
            network(scale=(0.3, 0)),
            "frame",
            "from -38.4 to 38.1, which is none of 0 ",
        ),
        (Camera(rotation=90), network(), "rows", "rotate90 with --input=rows: the last row would"),
    ],
)
def test_networks_that_take_no_camera(camera, model, mode, told):
    compiled = compile_tflite(model, "portable", name="net", input_mode=mode)
    with pytest.raises(VisionError, match=told):
        with_parts(compiled, [camera_part(camera)])


def test_a_frame_of_another_size_is_refused():
    compiled = compile_tflite(network(), "portable", name="net")
    path = path_to(Camera("grey8", 40, 30), compiled.inputs[0])
    with pytest.raises(VisionError, match="a frame of 1199 B: grey8 of 40x30 has 1200"):
        see(path, bytes(1199))


def test_all_formats_hold_the_camera():
    compiled = compile_tflite(network(), "qemu-m4", name="net", input_mode="rows")
    files = with_parts(compiled, [camera_part(Camera())], PROJECTS).files
    assert any(path.endswith("net_camera.h") for path in files)
