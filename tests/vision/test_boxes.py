# SPDX-License-Identifier: Apache-2.0
"""The decoder in C equals its numpy form, and keeps its bounds whatever the outputs hold."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.check.host import SANITIZER_FLAGS
from mcunet_tf.check.toolchain import find_tool, run_tool
from mcunet_tf.check.toolchain import write_sources as write_files
from mcunet_tf.errors import VisionError
from mcunet_tf.tinyengine.emit.symbols import emitted_sources
from mcunet_tf.vision import BOX, detect
from mcunet_tf.vision.emit_boxes import box_files
from tests.vision.heads import HOW, KINDS

WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror".split()
HOST_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "net_boxes.h"

int main(void) {
  int8_t *arena = malloc(ARENA);
  struct net_box *boxes = malloc(sizeof *boxes * NET_BOX_CANDIDATES);
  while (fread(arena, 1, ARENA, stdin) == ARENA) {
    const int32_t count = net_decode(arena, boxes);
    fwrite(&count, sizeof count, 1, stdout);
    fwrite(boxes, sizeof *boxes, (size_t)count, stdout);
  }
  free(boxes);
  free(arena);
  return 0;
}
"""


def project(kind) -> dict[str, str]:
    network = kind.network()
    made = box_files(kind.decoder, network)
    kernels = {f"kernels/{p}": t for p, t in emitted_sources(made.kernels).items()}
    return {**made.files, **kernels, "net.h": kind.header()}


@pytest.fixture(scope="module")
def programs():
    with tempfile.TemporaryDirectory() as folder:

        @functools.cache
        def program(name):
            kind = KINDS[name]
            main = HOST_MAIN.replace("ARENA", str(kind.network().arenas[0].size_bytes))
            place = Path(folder) / name
            sources = write_files(place, {**project(kind), "main.c": main})
            flags = ["-std=c11", *WARNINGS, *SANITIZER_FLAGS, f"-I{place}"]
            run_tool([find_tool("cc"), *flags, *map(str, sources), "-o", str(place / "program")])
            return place / "program"

        yield program


def split(data: bytes, images: int) -> list[np.ndarray]:
    found, position = [], 0
    for _ in range(images):
        (count,) = np.frombuffer(data, np.int32, 1, position)
        found.append(np.frombuffer(data, BOX, count, position + 4))
        position += 4 + count * BOX.itemsize
    assert position == len(data)
    return found


def images(kind, how, count=25):
    rng = np.random.default_rng(len(how))
    return [kind.draw(rng, how) for _ in range(count)]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.sampled(9)
def test_c_on_this_computer_equals_numpy(name, how, programs):
    """Arrays have the exact size that the header states, under the address sanitizer."""
    kind = KINDS[name]
    drawn = images(kind, how)
    data = b"".join(array.tobytes() for outputs in drawn for array in outputs)
    done = subprocess.run([programs(name)], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for got, outputs in zip(split(done.stdout, len(drawn)), drawn, strict=True):
        np.testing.assert_array_equal(got, detect(kind.decoder, outputs, kind.infos))


@pytest.mark.parametrize("name", KINDS)
def test_boxes_are_within_bounds_and_some_are_found(name):
    kind, total = KINDS[name], 0
    height, width = kind.decoder.image
    for how in HOW:
        for outputs in images(kind, how, 8):
            found = detect(kind.decoder, outputs, kind.infos)
            total += len(found)
            assert len(found) <= kind.decoder.max_boxes
            assert (np.diff(found["score"].astype(int)) <= 0).all()
            assert (found["left"] >= 0).all() and (found["right"] <= 16 * width).all()
            assert (found["top"] >= 0).all() and (found["bottom"] <= 16 * height).all()
            assert (found["left"] < found["right"]).all()
            assert (found["label"] < kind.decoder.classes).all()
    assert total


@pytest.mark.qemu
@pytest.mark.parametrize("name", ["yolo", "ssd", "cells"])
def test_c_on_a_board_equals_numpy(name):
    kind = KINDS[name]
    drawn = [outputs for how in HOW for outputs in images(kind, how, 2)]
    size = kind.network().arenas[0].size_bytes
    data = np.concatenate([array.reshape(-1) for outputs in drawn for array in outputs])
    main = f"""
    #include "net_boxes.h"
    #include "region.h"
    static const int8_t all[] = {{{",".join(map(str, data.tolist()))}}};
    int main(void) {{
      static struct net_box boxes[NET_BOX_CANDIDATES];
      for (uint32_t i = 0; i < sizeof all; i += {size}) {{
        const int32_t count = net_decode(all + i, boxes);
        region_write(&count, sizeof count);
        region_write(boxes, sizeof *boxes * (uint32_t)count);
      }}
      return 0;
    }}
    """
    run = run_elf({**project(kind), "main.c": main}, "qemu-m4")
    for got, outputs in zip(split(run.stdout, len(drawn)), drawn, strict=True):
        np.testing.assert_array_equal(got, detect(kind.decoder, outputs, kind.infos))


def box_reals(found):
    sides = np.stack([found[name] for name in ("left", "top", "right", "bottom")], axis=-1)
    return sides / 16


def test_a_box_is_where_the_formula_says():
    """YOLO's, in float64, of one candidate."""
    kind = KINDS["yolo"]
    raw = np.full((1, 5, 7, 21), -128, np.int8)
    raw[0, 2, 3, 7:14] = [10, -20, 3, 9, 100, -90, 90]
    found = detect(kind.decoder, [raw], kind.infos)
    assert len(found) == 1 and found["label"][0] == 1
    x, y, w, h, present, _, score = (raw[0, 2, 3, 7:14].astype(float) + 3) * 0.11
    sigmoid = lambda t: 1 / (1 + np.exp(-t))  # noqa: E731
    middle = np.array([3 + sigmoid(x), 2 + sigmoid(y)]) * 8
    size = np.array([33.5 * np.exp(w), 23 * np.exp(h)])
    wanted = np.concatenate([middle - size / 2, middle + size / 2]).clip(0, [56, 40, 56, 40])
    np.testing.assert_allclose(box_reals(found)[0], wanted, atol=0.1)
    assert abs(found["score"][0] / 32767 - sigmoid(present) * sigmoid(score)) < 1e-3


@pytest.mark.parametrize("name", KINDS)
def test_floats_are_decoded_as_the_integers_that_stand_for_them(name):
    kind = KINDS[name]
    infos = kind.infos
    for outputs in images(kind, "few", 6):
        reals = [
            ((array.astype(np.float64) - info.zero_point) * np.float64(np.float32(info.scale)))
            for array, info in zip(outputs, infos, strict=True)
        ]
        wanted = detect(kind.decoder, outputs, infos)
        np.testing.assert_array_equal(detect(kind.decoder, reals, infos), wanted)


def test_labels_of_any_letters_are_c(programs):
    text = project(KINDS["sides"])["net_boxes.h"]
    assert '"a\\042b\\134c\\077\\100\\303\\251"' in text
    assert programs("sides").exists()


def test_an_output_that_is_not_int8_is_refused_in_c():
    kind = KINDS["cells"]
    network = kind.network()
    object.__setattr__(network.edges[0], "dtype", "float32")
    with pytest.raises(VisionError, match=r"output 'out0' is float32: the decoder in C reads int8"):
        box_files(kind.decoder, network)
