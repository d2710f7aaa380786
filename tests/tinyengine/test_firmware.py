# SPDX-License-Identifier: Apache-2.0
"""Several models in one firmware: shared kernels, constants and arena; states apart; exact."""

from __future__ import annotations

import functools
import subprocess

import numpy as np
import pytest

from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.boards import load_board
from mcunet_tf.check.host import SANITIZER_FLAGS
from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.errors import BudgetError, McunetError, ModelError
from mcunet_tf.tinyengine import combine, compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate, evaluate_series
from mcunet_tf.tinyengine.firmware import Firmware
from tests.ops.programs import write_files
from tests.plan.random_networks import streamed_network
from tests.tinyengine.remembering import remembering
from tests.tinyengine.small_models import small_network

MODELS = {"first": small_network, "second": streamed_network, "third": remembering}
ROUNDS = 3


@functools.cache
def firmware(board: str, parallel: bool = False, **options) -> Firmware:
    models = [compile_tflite(make(), board, name=name) for name, make in MODELS.items()]
    return combine(models, "app", parallel=parallel, **options)


def inputs_of(made: Firmware) -> dict[str, list[list[np.ndarray]]]:
    rng = np.random.default_rng(7)
    return {
        model.name: [
            [rng.integers(-128, 128, i.shape).astype(np.int8) for i in model.inputs]
            for _ in range(ROUNDS)
        ]
        for model in made.models
    }


def expected(made: Firmware) -> bytes:
    """What each model says alone, in the order in which the program asks."""
    told = {}
    for model in made.models:
        series = inputs_of(made)[model.name]
        if model.state_bytes:
            told[model.name] = list(evaluate_series(model.graph, series))
        else:
            told[model.name] = [evaluate(model.graph, arrays) for arrays in series]
    rounds = [told[model.name][n] for n in range(ROUNDS) for model in made.models]
    return b"".join(array.tobytes() for outputs in rounds for array in outputs)


def program(made: Firmware, head: str, parallel: bool = False) -> str:
    """Calls the models in turn, each on its inputs; with `parallel`, all inputs are given first."""
    lines = []
    for name, series in inputs_of(made).items():
        values = b"".join(a.tobytes() for arrays in series for a in arrays)
        data = ",".join(map(str, np.frombuffer(values, np.int8).tolist()))
        lines.append(f"static const int8_t {name}_data[] = {{{data}}};")
    lines += [f"static _Alignas(16) int8_t {a.name}[{a.macro}];" for a in made.library.arenas]
    lines += ["int main(void) {", "  app_reset(state);", f"  for (int n = 0; n < {ROUNDS}; n++) {{"]
    give, call, take = [], [], []
    for network in made.library.networks:
        name, arena = network.name, network.places[0]
        size = f"{network.macro}_INPUT_0_BYTES"
        give.append(f"    memcpy({name}_input_0({arena}), {name}_data + n * {size}, {size});")
        call.append(f"    {name}_invoke({', '.join(network.places)});")
        take.append(f"    put({name}_output_0({arena}), {network.macro}_OUTPUT_0_BYTES);")
    in_turn = [line for three in zip(give, call, take, strict=True) for line in three]
    steps = [*give, *call, *take] if parallel else in_turn
    return "\n".join(
        ["#include <string.h>", '#include "app.h"', head, *lines, *steps, "  }", "  return 0;", "}"]
    )


@pytest.mark.parametrize("parallel", [False, True], ids=["in turn", "at once"])
def test_each_model_says_what_it_says_alone(parallel, tmp_path):
    """On this computer under the sanitizers, with portable kernels."""
    made = firmware("portable", parallel)
    head = "#include <stdio.h>\n#define put(data, size) fwrite(data, 1, size, stdout)"
    files = {**made.sources, "main.c": program(made, head, parallel)}
    paths = [str(path) for path in write_files(tmp_path, files)]
    built = str(tmp_path / "program")
    flags = [*SANITIZER_FLAGS, f"-I{tmp_path}"]
    subprocess.run([find_tool("cc"), *flags, *paths, "-lm", "-o", built], check=True)
    assert subprocess.run([built], check=True, capture_output=True).stdout == expected(made)


@pytest.mark.qemu
def test_on_an_emulated_board():
    made = firmware("qemu-m4")
    head = '#include "region.h"\n#define put(data, size) region_write(data, size)'
    run = run_elf({**made.sources, "main.c": program(made, head)}, "qemu-m4")
    assert run.stdout == expected(made)


@pytest.mark.qemu
@pytest.mark.slow
def test_stock_models_on_an_emulated_board(shared_models):
    """A keyword spotter and a person detector: no more SRAM than the larger one needs alone."""
    paths = {"kws": "mlperf_kws_dscnn_int8.tflite", "person": "person_detect_int8.tflite"}
    models = [
        compile_tflite(shared_models / path, "qemu-m4", name=name) for name, path in paths.items()
    ]
    made = combine(models, "app")
    assert made.arena_bytes == max(model.arena_bytes for model in models)
    assert made.weights_bytes <= sum(model.report.weights_bytes for model in models)
    head = '#include "region.h"\n#define put(data, size) region_write(data, size)'
    text = program(made, head).replace("  app_reset(state);\n", "")
    run = run_elf({**made.sources, "main.c": text}, "qemu-m4", timeout_s=300)
    assert run.stdout == expected(made)


def test_memories():
    """In turn: the largest arena, and all states. At once: a part for each."""
    made = firmware("qemu-m4")
    arenas = [model.arena_bytes for model in made.models]
    assert made.arena_bytes == max(arenas)
    assert made.state_bytes == sum(model.state_bytes for model in made.models) > 0
    together = firmware("qemu-m4", parallel=True)
    assert sum(arenas) <= together.arena_bytes < sum(arenas) + 16 * len(arenas)


def test_equal_constants_are_there_once():
    models = [compile_tflite(small_network(), "qemu-m4", name=name) for name in ("one", "two")]
    made = combine(models, "app")
    assert made.weights_bytes == models[0].report.weights_bytes
    text = made.files["app_weights.c"]
    assert "one_00" in text and "two_" not in text
    different = firmware("qemu-m4")
    assert different.weights_bytes == sum(m.report.weights_bytes for m in different.models)


def test_kernels_are_there_once():
    made = firmware("qemu-m4")
    kernels = [path for path in made.library.sources if path.startswith("kernels/")]
    assert len(kernels) == len(set(kernels))
    alone = [path for model in made.models for path in model.files if path in kernels]
    assert set(alone) == set(kernels) and len(alone) > len(kernels)


def test_both_forms_of_a_firmware(tmp_path):
    """Where the core is chosen later, the whole firmware has a form for any core."""
    made = firmware("qemu-m4", formats="arduino,cmake")
    assert '#include "app_fast.h"' in made.files["src/app.h"]
    assert '#include "first_any.h"' in made.files["src/app_any.h"]
    sketch = made.files["examples/app_demo/app_demo.ino"]
    assert "first_invoke(app_first_arena(arena));" in sketch
    assert "third_invoke(app_third_arena(arena), app_third_state(state));" in sketch
    paths = write_files(tmp_path, made.files)
    main = made.files["main.c"]
    compiler, flags = find_tool("cc"), ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    include = f"-I{tmp_path / 'src'}"
    for path in paths:
        if path.name in ("main.c", "first_any.c", "third_any.c"):
            command = [compiler, *flags, include, "-fsyntax-only", str(path)]
            subprocess.run(command, check=True)
    assert "app_reset(state);" in main


# Bad input


def test_models_of_different_boards():
    models = [
        compile_tflite(small_network(), "qemu-m4", name="one"),
        compile_tflite(streamed_network(), "qemu-m55", name="two"),
    ]
    with pytest.raises(ModelError, match="compiled for qemu-m4 and qemu-m55; one firmware runs on"):
        combine(models, "app")


@pytest.mark.parametrize("names", [("one", "one"), ("one", "ONE"), ("app", "two")])
def test_two_parts_of_one_name(names):
    models = [compile_tflite(small_network(), "portable", name=name) for name in names]
    with pytest.raises(ModelError, match="names two parts of one firmware: give each model"):
        combine(models, "app")


def test_a_model_whose_name_a_platform_forbids():
    models = [compile_tflite(small_network(), "portable", name=name) for name in ("one", "Wire")]
    combine(models, "app")
    with pytest.raises(ModelError, match="'Wire' is the name of a header of Arduino's"):
        combine(models, "app", formats="arduino")


def test_no_models():
    with pytest.raises(McunetError, match="no models: give one or more"):
        combine([], "app")


def test_a_budget():
    models = [compile_tflite(small_network(), "portable", name=name) for name in ("one", "two")]
    size = models[0].arena_bytes
    combine(models, "app", sram_budget_bytes=size)
    with pytest.raises(BudgetError, match=r"of its models take .* over the budget of .* in turn"):
        combine(models, "app", sram_budget_bytes=size, parallel=True)


def test_the_board_is_one_of_the_boards():
    assert load_board("qemu-m4").name in firmware("qemu-m4").summary()
