# SPDX-License-Identifier: Apache-2.0
"""C functions of the user's in the place of CUSTOM operators, and what is told of bad ones."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.check.host import run_on_host
from mcunet_tf.check.tensors import decode_outputs, encode_inputs
from mcunet_tf.check.verify import run_unreferenced
from mcunet_tf.errors import BudgetError, McunetError, ToolError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from tests.cli.forked import run_module
from tests.ops.build_tflite import Net

_SHAPE = (1, 4, 4, 2)


def mixed_net(outputs: int = 1, dtype: str = "int8") -> bytes:
    """A custom operator behind another one, whose result is read on."""
    net = Net()
    a, b, y = (net.tensor(_SHAPE, scale=0.1, zero_point=3) for _ in range(3))
    kept, z = (net.tensor(_SHAPE, scale=0.1, zero_point=3) for _ in range(2))
    more = [net.tensor(_SHAPE, scale=0.1, zero_point=3, dtype=dtype) for _ in range(outputs - 1)]
    net.op("RELU", [a], [kept])
    net.op("CUSTOM Mix", [kept, b], [y, *more])
    net.op("RELU", [y], [z])
    return net.build([a, b], [z])


@pytest.fixture
def mix(tmp_path, repository) -> Path:
    """The example of the recipes."""
    text = (repository / "RECIPES.md").read_text(encoding="utf-8")
    block = re.search(
        r'(?:^    .*\n|^\n)*?^    #include "custom.h"\n(?:^    .*\n|^\n)*', text, re.M
    )
    assert block is not None
    path = tmp_path / "mix.c"
    path.write_text("\n".join(line[4:] for line in block[0].splitlines()) + "\n", encoding="utf-8")
    return path


def run(compiled, inputs):
    runs = run_on_host(compiled, load_board("host"), [encode_inputs(compiled, inputs)])
    return decode_outputs(compiled, runs[0].outputs)


def test_the_recipe_computes_what_it_says(mix):
    compiled = compile_tflite(mixed_net(), "host", name="m", custom_ops={"Mix": mix})
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-128, 128, _SHAPE).astype(np.int8) for _ in range(2))
    total = np.maximum(a, 3).astype(int) + b
    mean = np.where(total < 0, -(-total // 2), total // 2)
    np.testing.assert_array_equal(run(compiled, (a, b))[0], np.maximum(mean, 3))
    assert "kernels/custom/mix.c" in compiled.files
    assert "kernels/custom/mix.c" in compiled.files["CMakeLists.txt"]
    assert [layer.kernel for layer in compiled.report.layers][1] == "mix"


def test_scratch_shape_and_options_reach_the_function(tmp_path):
    path = tmp_path / "first.c"
    path.write_text(
        '#include "custom.h"\n#include <string.h>\n'
        "void second(const struct custom_op *op, const int8_t *const *in, int8_t *out, void *s) {\n"
        "  memset(s, 7, 1000);\n"
        "  (void)in;\n"
        "  for (int i = 0; i < 32; i++) {\n"
        "    out[i] = (int8_t)(op->inputs * 10 + op->zero_points[1] + ((int8_t *)s)[999]);\n"
        "  }\n"
        "  out[0] = (int8_t)op->shapes[3];\n"
        "  out[1] = (int8_t)(op->scales[0] * 100.5f);\n"
        "}\n"
    )
    path.with_suffix(".toml").write_text('function = "second"\nscratch_bytes = 1000\n')
    compiled = compile_tflite(mixed_net(), "host", name="m", custom_ops={"Mix": str(path)})
    plain = tmp_path / "plain.c"
    plain.write_text(path.read_text())
    assert compiled.arena_bytes >= 1000
    zeros = np.zeros(_SHAPE, np.int8)
    got = run(compiled, (zeros, zeros))[0].reshape(-1)
    assert got[:2].tolist() == [4, 10] and set(got[2:].tolist()) == {30}
    with pytest.raises(BudgetError):
        compile_tflite(mixed_net(), "host", custom_ops={"Mix": path}, sram_budget_bytes=900)


def test_an_operator_without_a_function_is_refused_with_the_option():
    with pytest.raises(UnsupportedError, match=r"CUSTOM Mix .*--custom_op=Mix=FILE\.c"):
        compile_tflite(mixed_net(), "host")


@pytest.mark.parametrize(
    ("name", "toml", "told"),
    [
        ("Other", "", r"no custom operator 'Other': it has Mix"),
        ("Mix", 'function = "min"', r"no function 'min' in it: define it, or say function ="),
        ("Mix", 'function = "a b"', r"'a b' is no C name"),
        ("Mix", "scratch_bytes = -1", r"scratch_bytes = -1: give a number of bytes"),
        ("Mix", 'scratch_bytes = "x"', r"scratch_bytes = 'x': give a number of bytes"),
        ("Mix", "output_shape = []", r"output_shape = \[\]: give sizes of 1 and more"),
        ("Mix", "output_shape = [1, 0]", r"output_shape = \[1, 0\]: give sizes"),
        ("Mix", "shape = [1]", r"'shape' is unknown: use function, scratch_bytes, output_shape"),
        ("Mix", "= 3", r"mix\.toml: no TOML: "),
    ],
)
def test_what_cannot_be_is_told_in_one_line(mix, name, toml, told):
    mix.with_suffix(".toml").write_text(toml)
    with pytest.raises(McunetError, match=told) as caught:
        compile_tflite(mixed_net(), "host", custom_ops={name: mix})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("missing.c", r"missing\.c: No such file or directory: give the C"),
        (".", r": name a C file, FILE\.c, for a custom operator"),
        ("mix.txt", r"mix\.txt: name a C file"),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path, path, told):
    with pytest.raises(McunetError, match=told):
        compile_tflite(mixed_net(), "host", custom_ops={"Mix": tmp_path / path})


def test_what_no_function_takes_is_refused(mix):
    with pytest.raises(UnsupportedError, match=r"CUSTOM .*Found: 2 results"):
        compile_tflite(mixed_net(outputs=2), "host", custom_ops={"Mix": mix})


def test_c_that_does_not_compile_is_told_with_the_compilers_first_error(mix):
    mix.write_text(mix.read_text().replace("count *= shape[axis];", "count *= shapes[axis];"))
    compiled = compile_tflite(mixed_net(), "host", name="m", custom_ops={"Mix": mix})
    with pytest.raises(ToolError, match=r"mix\.c:10:\d+: error: .*shapes.*: correct") as caught:
        run_unreferenced(compiled, 1, 0)
    assert "\n" not in str(caught.value)


def test_a_function_of_another_type_does_not_compile(mix):
    """Called as it is not defined, it would read what nobody gave it."""
    mix.write_text(mix.read_text().replace(", void *scratch", "").replace("(void)scratch;", ""))
    compiled = compile_tflite(mixed_net(), "host", name="m", custom_ops={"Mix": mix})
    with pytest.raises(ToolError, match=r"mix\.c .*conflicting types .*: correct it") as caught:
        run_unreferenced(compiled, 1, 0)
    assert "\n" not in str(caught.value)


def test_a_function_that_is_only_declared_is_refused(mix):
    mix.write_text('#include "custom.h"\ncustom_function mix;\nvoid mix(int);\n')
    with pytest.raises(McunetError, match=r"no function 'mix' in it"):
        compile_tflite(mixed_net(), "host", custom_ops={"Mix": mix})


def test_a_symbol_that_only_seems_to_be_there_is_told_by_the_linker(mix):
    mix.write_text(
        mix.read_text().replace("void mix(", "static void other(void) {}\nvoid mix_ (")
        + "/* mix(1) { */ void (*keep)(void) = other;\n"
    )
    compiled = compile_tflite(mixed_net(), "host", name="m", custom_ops={"Mix": mix})
    with pytest.raises(ToolError, match="mix"):
        run_unreferenced(compiled, 1, 0)


def test_reading_beyond_an_operand_is_found(mix):
    mix.write_text(mix.read_text().replace("in[0][i]", "in[0][i + 4000000]"))
    compiled = compile_tflite(mixed_net(), "host", name="m", custom_ops={"Mix": mix})
    with pytest.raises(ToolError, match="failed on the host"):
        run_unreferenced(compiled, 1, 0)


def test_the_command_takes_it(mix, tmp_path):
    (tmp_path / "m.tflite").write_bytes(mixed_net())
    flags = [f"--custom_op=Mix={mix}", "--verify=2", "--output_dir=out"]
    done = run_module("mcunet_tf.cli.tflite_to_tinyengine", ["m.tflite", *flags], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no reference knows the custom operators" in done.stderr
    emitted = (tmp_path / "out" / "kernels" / "custom" / "mix.c").read_text()
    assert emitted.startswith(mix.read_text().rstrip())
