# SPDX-License-Identifier: Apache-2.0
"""CONTRIBUTING.md's table is complete: what it lists is all that a new thing touches.

Each test adds one thing to a copy of the package, in the files that its line names and in no other,
and then uses it in a process that knows the copy only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest

from tests.ops.build_tflite import Net

ROOT = Path(__file__).resolve().parents[2]

OPERATOR = {
    "mcunet_tf/tinyengine/ops/relu_0_to_1.py": """
from mcunet_tf.tinyengine.ops.common import constraint_int8_activations
from mcunet_tf.tinyengine.ops.spec import OpSpec, no_attributes


def limits(view):
    zero, one = view.output.zero_point, view.output.zero_point + round(1 / view.output.scale)
    return max(zero, -128), min(one, 127)


RELU_0_TO_1 = OpSpec(
    "RELU_0_TO_1",
    no_attributes,
    lambda view, values: values[0].clip(*limits(view)),
    (constraint_int8_activations,),
)
""",
    "mcunet_tf/tinyengine/kernel_tables/relu_0_to_1.py": """
from mcunet_tf.tinyengine.kernel_tables.table import (
    Kernel, Struct, Style, channels_or_everything,
)
from mcunet_tf.tinyengine.ops.relu_0_to_1 import limits


def _arguments(view):
    least, greatest = limits(view)
    fields = {"values": channels_or_everything(view), "least": least, "greatest": greatest}
    return Struct("struct relu_0_to_1_s8", fields)


KERNELS = {
    "RELU_0_TO_1": (
        Kernel("relu_0_to_1_s8_portable", "relu_0_to_1", "portable", Style.PIXELS, _arguments),
    )
}
""",
    "kernels/relu_0_to_1/relu_0_to_1.h": """
#ifndef KERNELS_RELU_0_TO_1_RELU_0_TO_1_H_
#define KERNELS_RELU_0_TO_1_RELU_0_TO_1_H_
#include <stdint.h>
struct relu_0_to_1_s8 {
  int32_t values;
  int32_t least;
  int32_t greatest;
};
void relu_0_to_1_s8_portable(const struct relu_0_to_1_s8 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch);
#endif
""",
    "kernels/relu_0_to_1/relu_0_to_1_s8_portable.c": """
#include "relu_0_to_1.h"
void relu_0_to_1_s8_portable(const struct relu_0_to_1_s8 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch) {
  (void)scratch;
  for (int32_t i = 0; i < pixels * op->values; i++) {
    const int32_t value = in[i];
    out[i] = (int8_t)(value < op->least ? op->least : value > op->greatest ? op->greatest : value);
  }
}
""",
}

FORMAT = {
    "mcunet_tf/tinyengine/emit/formats/plain_make.py": """
EXAMPLES = ("main.c", "Makefile")


def project_files(library):
    rule = f"all:\\n\\tcc -I. {' '.join(library.sources)} main.c -lm\\n"
    return {**library.files, "main.c": library.example, "Makefile": rule}
""",
}

BOARD = """
description = "a board of somebody's"
core = "cortex-m33"
compiler_flags = ["-mcpu=cortex-m33", "-mthumb"]
isa = ["dsp"]
clock_hz = 64_000_000
stack_reserve_bytes = 4096
[[memory]]
name = "FLASH"
kind = "flash"
origin = 0x0
size_bytes = 1048576
roles = ["code", "weights"]
[[memory]]
name = "RAM"
kind = "ram"
origin = 0x20000000
size_bytes = 262144
roles = ["arena", "data"]
[runner]
kind = "serial"
baud = 115200
[firmware]
sources = []
"""

CORE = """
description = "a core of somebody's"
architecture = "arm-m"
isa = ["dsp"]
cost_model = "cortex-m4"
cycle_model = "cortex-m4"
"""


def listed(what: str) -> list[str]:
    """The files that CONTRIBUTING.md lists for a thing, as patterns."""
    (cell,) = re.findall(
        rf"^\| {what} \| (.*) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
    )
    return [re.sub(r"<\w+>", "*", name) for name in re.findall(r"`([^`]+/[^`]*)`", cell)]


class Tree:
    """A copy of the package and its kernels, in which only listed files are touched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("mcunet_tf", "kernels"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)

    def write(self, what: str, files: dict[str, str]) -> None:
        patterns = [name + "*" if name.endswith("/") else name for name in listed(what)]
        for name, text in files.items():
            assert any(fnmatch(name, pattern) for pattern in patterns), (name, patterns)
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, code: str, *arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


@pytest.fixture
def softmax_model(tmp_path) -> str:
    net = Net()
    x = net.tensor((1, 10), scale=0.1, zero_point=3)
    y = net.tensor((1, 10), scale=1 / 256, zero_point=-128)
    net.op("SOFTMAX", [x], [y], Beta=1.0)
    path = tmp_path / "softmax.tflite"
    path.write_bytes(net.build([x], [y]))
    return str(path)


def test_the_copy_is_what_runs(tree):
    told = tree.run("import mcunet_tf; print(mcunet_tf.__file__)")
    assert told.strip() == str(tree.folder / "mcunet_tf/__init__.py")


def test_an_operator(tree, tmp_path):
    net = Net()
    x = net.tensor((1, 4, 4, 3), scale=0.02, zero_point=-40)
    y = net.tensor((1, 4, 4, 3), scale=0.02, zero_point=-40)
    net.op("RELU_0_TO_1", [x], [y])
    (tmp_path / "m.tflite").write_bytes(net.build([x], [y]))
    given = np.random.default_rng(0).integers(-128, 128, (1, 4, 4, 3)).astype(np.int8)
    np.save(tmp_path / "given.npy", given)
    tree.write("an operator", OPERATOR)
    code = """
import sys, numpy as np
from mcunet_tf.boards import load_board
from mcunet_tf.check import run_on_host
from mcunet_tf.tinyengine import compile_tflite
compiled = compile_tflite("m.tflite", "portable", name="m")
(run,) = run_on_host(compiled, load_board("portable"), [[np.load("given.npy").tobytes()]])
np.save("out.npy", np.frombuffer(run.outputs[0], np.int8))
"""
    tree.run(code)
    out = np.load(tmp_path / "out.npy").reshape(given.shape)
    assert (out == given.clip(-40, 10)).all() and (out != given).any()


def test_a_pass(tree, softmax_model):
    listing = ROOT / "mcunet_tf/tinyengine/passes/__init__.py"
    order = listing.read_text().replace(
        "    Pass(keep_last_steps),\n", "    Pass(say_hello),\n    Pass(keep_last_steps),\n"
    )
    text = order.replace(
        "from mcunet_tf.tinyengine.passes.spell",
        "from mcunet_tf.tinyengine.passes.say_hello import say_hello\n"
        "from mcunet_tf.tinyengine.passes.spell",
    )
    own = "def say_hello(graph):\n    print('hello from', len(graph.ops))\n    return graph\n"
    tree.write(
        "a pass",
        {
            "mcunet_tf/tinyengine/passes/__init__.py": text,
            "mcunet_tf/tinyengine/passes/say_hello.py": own,
        },
    )
    code = "import mcunet_tf, sys; mcunet_tf.compile_tflite(sys.argv[1], board='portable')"
    assert "hello from 1" in tree.run(code, softmax_model)


def test_a_faster_kernel(tree, softmax_model):
    folder = ROOT / "kernels/softmax"
    header = (folder / "softmax.h").read_text()
    portable = (folder / "softmax_s8_portable.c").read_text()
    table = (ROOT / "mcunet_tf/tinyengine/kernel_tables/softmax.py").read_text()
    (declaration,) = re.findall(r"void softmax_s8_portable\([^;]*;", header)
    own = declaration.replace("softmax_s8_portable", "softmax_s8_dsp")
    entry = 'SOFTMAX = (Kernel("softmax_s8_dsp", "softmax", "dsp", Style.WHOLE, _softmax), '
    tree.write(
        "a faster kernel",
        {
            "kernels/softmax/softmax.h": header.replace(declaration, f"{declaration}\n{own}"),
            "kernels/softmax/softmax_s8_dsp.c": portable.replace("_s8_portable", "_s8_dsp"),
            "mcunet_tf/tinyengine/kernel_tables/softmax.py": table.replace("SOFTMAX = (", entry),
        },
    )
    code = """
import mcunet_tf, sys
files = mcunet_tf.compile_tflite(sys.argv[1], board="qemu-m4").files
print(sorted(name for name in files if name.startswith("kernels/softmax/")))
"""
    told = tree.run(code, softmax_model)
    assert "softmax_s8_dsp.c" in told and "softmax_s8_portable.c" not in told


def test_a_board_and_a_core(tree, softmax_model):
    mine = BOARD.replace("cortex-m33", "somebodys", 1)
    tree.write("a board", {"mcunet_tf/boards/mine.toml": mine})
    tree.write("a core", {"mcunet_tf/boards/cores/somebodys.toml": CORE})
    code = """
import mcunet_tf, sys
from mcunet_tf.boards import load_board
compiled = mcunet_tf.compile_tflite(sys.argv[1], board="mine")
print(compiled.report.board, load_board("mine").core.name, compiled.report.instructions > 0)
"""
    assert tree.run(code, softmax_model).split() == ["mine", "somebodys", "True"]


def test_a_project_format(tree, softmax_model):
    tree.write("a project format", FORMAT)
    code = """
import mcunet_tf, sys
options = {"name": "m", "board": "portable", "formats": "plain-make"}
mcunet_tf.compile_tflite(sys.argv[1], **options).write("project")
"""
    tree.run(code, softmax_model)
    project = tree.folder / "project"
    subprocess.run(["make", "-s"], cwd=project, check=True, timeout=120)
    assert subprocess.run([project / "a.out"], check=True, capture_output=True).stdout


def test_files_that_no_line_names_are_noticed(tree):
    with pytest.raises(AssertionError):
        tree.write("a board", {"mcunet_tf/tinyengine/select.py": ""})
