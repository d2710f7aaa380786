# SPDX-License-Identifier: Apache-2.0
"""Whole projects with a decoder: public detectors, all formats, C++, several models."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.check.host import SANITIZER_FLAGS
from mcunet_tf.check.toolchain import find_tool, run_tool
from mcunet_tf.errors import VisionError
from mcunet_tf.tinyengine import combine, compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.vision import BOX, Decoder, Head, box_part, detect, with_parts
from tests.cli.forked import run_module
from tests.formats.projects import FORMATS
from tests.ops.build_tflite import SAME, Net
from tests.ops.programs import write_files
from tests.vision.detectors import DETECTORS

HEAD = Head((6, 6), (0, 4), (0, 0), None, "sides", classes=3)
DECODER = Decoder((24, 24), (HEAD,), 0.3, labels=("car", "bus", "mask"))


def detector(outputs: int = 7) -> bytes:
    """One convolution of random weights, of stride 4."""
    net, rng = Net(), np.random.default_rng(1)
    x = net.tensor((1, 24, 24, 3), scale=1 / 128, zero_point=0)
    weights = rng.integers(-127, 128, (outputs, 4, 4, 3)).astype(np.int8)
    w = net.tensor(weights.shape, scale=[0.01] * outputs, data=weights)
    y = net.tensor((1, 6, 6, outputs), scale=0.03, zero_point=-20)
    net.op("CONV_2D", [x, w], [y], Padding=SAME, StrideH=4, StrideW=4)
    return net.build([x], [y])


def run_boxes(compiled, decoder, inputs, folder: Path) -> list[np.ndarray]:
    """What the project's own C finds, under sanitizers."""
    name, upper = compiled.name, compiled.name.upper()
    main = f"""
    #include <stdio.h>
    #include "{name}.h"
    #include "{name}_boxes.h"
    static _Alignas(16) int8_t arena[{upper}_ARENA_BYTES];
    int main(void) {{
      struct {name}_box boxes[{upper}_BOX_CANDIDATES];
      while (fread({name}_input_0(arena), 1, {upper}_INPUT_0_BYTES, stdin)) {{
        {name}_invoke(arena);
        const int32_t count = {name}_decode(arena, boxes);
        fwrite(&count, sizeof count, 1, stdout);
        fwrite(boxes, sizeof *boxes, (size_t)count, stdout);
      }}
      return 0;
    }}
    """
    own = {path: text for path, text in compiled.sources.items() if path != "main.c"}
    sources = [str(path) for path in write_files(folder, {**own, "main.c": main})]
    program = folder / "program"
    flags = [*SANITIZER_FLAGS, f"-I{folder}"]
    run_tool([find_tool("cc"), *flags, *sources, "-lm", "-o", str(program)])
    data = b"".join(array.tobytes() for array in inputs)
    done = subprocess.run([program], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found, position = [], 0
    for _ in inputs:
        (count,) = np.frombuffer(done.stdout, np.int32, 1, position)
        found.append(np.frombuffer(done.stdout, BOX, count, position + 4))
        position += 4 + count * BOX.itemsize
    assert len(found[0]) <= decoder.max_boxes and position == len(done.stdout)
    return found


def check(model: bytes, decoder: Decoder, folder: Path, count: int) -> int:
    """Holds the project's boxes against numpy's; returns how many there are."""
    compiled = with_parts(compile_tflite(model, "portable", name="net"), [box_part(decoder)])
    rng, info = np.random.default_rng(2), compiled.inputs[0]
    inputs = [rng.integers(-128, 128, info.shape).astype(np.int8) for _ in range(count)]
    inputs = [array.view(info.dtype) for array in inputs]
    total = 0
    found = run_boxes(compiled, decoder, inputs, folder)
    for image, boxes in zip(inputs, found, strict=True):
        outputs = evaluate(compiled.graph, [image])
        np.testing.assert_array_equal(boxes, detect(decoder, outputs, compiled.outputs))
        total += len(boxes)
    return total


def test_a_project_finds_what_numpy_finds(tmp_path):
    assert check(detector(), DECODER, tmp_path, 5) > 5


@pytest.mark.slow
@pytest.mark.parametrize("part", DETECTORS)
def test_public_detectors_are_configured(part, shared_models, tmp_path):
    """They find nothing in noise: the threshold is so low that something comes of it."""
    paths = sorted((shared_models.parent / "corpus").glob(f"*{part}.tflite"))
    if not paths:
        pytest.skip(f"no {part} beside {shared_models}")
    low = Decoder(**{**vars(DETECTORS[part]), "threshold": 1 / 32768})
    assert check(paths[0].read_bytes(), low, tmp_path, 1) > 0


def test_all_formats_hold_the_decoder():
    compiled = compile_tflite(detector(), "qemu-m4", name="net")
    for laid_out in (FORMATS, *([name] for name in FORMATS)):
        files = with_parts(compiled, [box_part(DECODER)], laid_out).files
        headers = [path for path in files if path.endswith("net_boxes.h")]
        assert headers, laid_out
        told = "".join(text for path, text in files.items() if path.endswith(".txt"))
        if laid_out == ["cmake"]:
            assert "net_boxes.c" in told and "vision_gather_portable.c" in told


def test_headers_are_cplusplus(tmp_path):
    compiled = with_parts(compile_tflite(detector(), "portable", name="net"), [box_part(DECODER)])
    write_files(tmp_path, compiled.sources)
    main = tmp_path / "main.cpp"
    main.write_text("#include \"net_boxes.h\"\nint main() { return net_label(1)[0] - 'b'; }\n")
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler is installed: apt install g++")
    command = [compiler, "-std=c++98", "-Wall", "-Wextra", "-Wno-long-long", "-Werror"]
    run_tool([*command, "-fsyntax-only", str(main)])


def test_two_detectors_in_one_firmware():
    models = [
        with_parts(compile_tflite(detector(), "qemu-m4", name=name), [box_part(DECODER)])
        for name in ("near", "far")
    ]
    firmware = combine(models, "eyes")
    assert {"near_boxes.c", "far_boxes.h"} <= set(firmware.sources)
    assert "far_boxes.c" in firmware.files["CMakeLists.txt"]


def test_a_network_of_other_outputs_is_refused():
    compiled = compile_tflite(detector(5), "qemu-m4", name="net")
    with pytest.raises(VisionError, match="does not hold values 4 to 6"):
        with_parts(compiled, [box_part(DECODER)])


def test_the_command_line_takes_a_file(tmp_path):
    model, said = tmp_path / "net.tflite", tmp_path / "net.json"
    model.write_bytes(detector())
    head = {"grid": [6, 6], "scores": [0, 4], "boxes": [0, 0], "code": "sides", "classes": 3}
    said.write_text(json.dumps({"image": [24, 24], "heads": [head]}), encoding="utf-8")
    arguments = [str(model), f"--decode={said}", f"--output_dir={tmp_path / 'out'}", "--verify=2"]
    done = run_module("mcunet_tf.cli.tflite_to_tinyengine", arguments, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "net_boxes.c").exists()
    said.write_text("{}", encoding="utf-8")
    done = run_module("mcunet_tf.cli.tflite_to_tinyengine", arguments, tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "the decoder lacks 'image'" in done.stderr
