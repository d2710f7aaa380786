# SPDX-License-Identifier: Apache-2.0
"""The command: what it writes, that it writes the same twice, and what bad input leaves behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.tinyengine.emit.write import MANIFEST
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.graph_text import read_graph_text
from mcunet_tf.tinyengine.passes import END_IN_PROBABILITIES, PASSES
from tests.cli.forked import run_module
from tests.ops.build_tflite import Net
from tests.ops.case import Case
from tests.ops.conv_cases import Conv, conv_model
from tests.tinyengine.small_models import small_network

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "mcunet_tf.cli.tflite_to_tinyengine"]
TIMEOUT_S = 120


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the command in a folder."""
    return run_module(COMMAND[-1], list(map(str, arguments)), folder)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def model(tmp_path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(small_network())
    return path


def refused(folder: Path, *arguments: object) -> str:
    """The one line on stderr of a run that fails and leaves the folder as it was."""
    before = tree(folder), sorted(p.name for p in folder.iterdir())
    done = run(folder, *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("tflite_to_tinyengine: ")
    assert (tree(folder), sorted(p.name for p in folder.iterdir())) == before
    return lines[0]


# What it does


def test_writes_a_project_beside_the_model(tmp_path, model):
    done = run(tmp_path, model)
    assert (done.returncode, done.stderr) == (0, "")
    files = tree(tmp_path / "small_tinyengine")
    del files[MANIFEST]
    assert {"small.h", "small.c", "small_weights.c", "CMakeLists.txt", "main.c"} <= set(files)
    assert "small for qemu-m4" in done.stdout
    assert f"wrote {len(files)} files to small_tinyengine/" in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["small.tflite", "small_tinyengine"]


def test_the_report_as_json(tmp_path, model):
    report = json.loads(run(tmp_path, model, "--report=json", "--board=qemu-m55").stdout)
    assert report["board"] == "qemu-m55"
    assert report["macs"] == sum(layer["macs"] for layer in report["layers"])


def test_verify_compares_with_the_reference(tmp_path, model):
    done = run(tmp_path, model, "--verify=3")
    assert done.returncode == 0
    assert "12 output values of 3 inputs equal tflite" in done.stderr
    assert done.stderr.startswith(
        "verified on this computer, the plan for qemu-m4 with portable kernels in "
    )


def test_verify_runs_the_written_project_where_it_can(tmp_path, model):
    done = run(tmp_path, model, "--verify=3", "--board=portable")
    assert done.stderr.startswith(
        "verified on this computer, the project as it is written: 12 output values of 3 inputs "
    )


@pytest.mark.qemu
@pytest.mark.parametrize("options", [(), ("--sram_budget=440", "--optimize=speed")])
def test_verify_on_runs_the_image_of_the_written_project(tmp_path, model, options):
    done = run(tmp_path, model, "--verify=3", "--verify_on=qemu-m4", *options)
    assert done.returncode == 0, done.stderr
    here, there = done.stderr.splitlines()
    assert here.startswith("verified on this computer, the plan for qemu-m4 ")
    assert there.startswith("verified on qemu-m4, emulated, with its own kernels: 12 output values")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--verify_on=qemu-m4"], "goes with --verify=N"),
        (["--verify=1", "--verify_on=qemu-m55"], "verify on a board of the same core"),
        (["--verify=1", "--verify_on=nothing"], "unknown board 'nothing'"),
        (["--verify=1", "--verify_on=host", "--board=host"], "--verify alone runs there"),
    ],
)
@pytest.mark.sampled(2)
def test_boards_that_cannot_verify_are_refused(tmp_path, model, arguments, told):
    assert told in refused(tmp_path, model, *arguments)


def test_a_model_that_no_reference_runs_is_one_line(tmp_path, model):
    code = (
        "import sys; from mcunet_tf.check import reference\n"
        "reference._CODE = 'import os; os.abort()'\n"
        "reference._CHILDREN = {n: reference._Child(n) for n in reference._CHILDREN}\n"
        "from mcunet_tf.cli import tflite_to_tinyengine as t\n"
        f"sys.argv = ['x', {str(model)!r}, '--verify=1']; t.run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "it died of the model (SIGABRT)" in line
    assert line.endswith("; leave out --verify to write the project without a comparison")
    assert [p.name for p in tmp_path.iterdir()] == [model.name]


@pytest.mark.qemu
@pytest.mark.parametrize("place", ["this computer", "qemu-m4"])
def test_a_fault_in_the_emitted_c_fails_before_anything_is_written(tmp_path, place):
    """Rows of the output are put one too far: on the host as on the board, exit code 1."""
    (tmp_path / "conv.tflite").write_bytes(conv_model(Conv()))
    emits = "emit_project" if place == "this computer" else "lay_out"
    code = (
        "import sys; from mcunet_tf.tinyengine import compiler; from mcunet_tf.check import twin\n"
        f"module, name = {'twin' if place == 'this computer' else 'compiler'}, '{emits}'\n"
        "emit = getattr(module, name)\n"
        "def faulty(*a):\n"
        "    made = emit(*a); files = getattr(made, 'files', made)\n"
        "    c = files['conv.c']; wrong = c.replace(', y, rows);', ', y + 1, rows);')\n"
        "    assert wrong != c; files['conv.c'] = wrong; return made\n"
        "setattr(module, name, faulty)\n"
        "from mcunet_tf.cli import tflite_to_tinyengine as t\n"
        "sys.argv = ['x', 'conv.tflite', '--verify=1', '--verify_on=qemu-m4']; t.run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 1
    *before, line = done.stderr.splitlines()
    assert len(before) == (place == "qemu-m4")
    assert line.startswith("tflite_to_tinyengine: conv (seed 0): ")
    assert "differ for input 0; at" in line
    assert [p.name for p in tmp_path.iterdir()] == ["conv.tflite"]


def test_two_processes_write_the_same_bytes(tmp_path, model):
    results = []
    for seed, name in ((0, "first"), (1, "second")):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(seed)}
        command = [*COMMAND, str(model), f"--output_dir={name}"]
        subprocess.run(command, cwd=tmp_path, check=True, env=environment, timeout=TIMEOUT_S)
        results.append(tree(tmp_path / name))
    assert results[0] == results[1]


def test_an_earlier_output_is_replaced_as_a_whole(tmp_path, model):
    run(tmp_path, model, "--output_dir=out", "--name=first")
    run(tmp_path, model, "--output_dir=out", "--name=second")
    assert {name.split(".")[0] for name in tree(tmp_path / "out") if name.endswith(".h")} >= {
        "second"
    }
    assert not list((tmp_path / "out").glob("first*"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "small.tflite"]


def test_folders_on_the_way_are_made(tmp_path, model):
    assert run(tmp_path, model, "--output_dir=a/b/c").returncode == 0
    assert (tmp_path / "a" / "b" / "c" / "small.c").is_file()


def test_help_lists_the_flags_and_is_no_failure(tmp_path):
    done = run(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for flag in ("--output_dir", "--name", "--board", "--verify", "--report", "--sram_budget"):
        assert flag in done.stdout
    assert done.stdout.startswith("usage: tflite_to_tinyengine MODEL.tflite")


def test_tensorflow_is_never_imported(tmp_path, model):
    code = (
        "import sys; from mcunet_tf.cli import tflite_to_tinyengine as t\n"
        f"sys.argv = ['x', {str(model)!r}, '--output_dir=out']\n"
        "try: t.run()\n"
        "except SystemExit as e: assert not e.code, e.code\n"
        "found = {m.split('.')[0] for m in sys.modules}\n"
        "assert not found & {'tensorflow', 'keras', 'tf_keras', 'tflite_runtime'}, found"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, env=environment, timeout=TIMEOUT_S
    )
    assert (tmp_path / "out" / "small.c").is_file()


def test_a_reader_that_stops_early_is_no_failure(tmp_path, model):
    """As in `tflite_to_tinyengine ... | head -1`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*COMMAND, str(model)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_stdout_is_one_line(tmp_path, model):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, str(model)],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            timeout=TIMEOUT_S,
        )
    assert done.returncode == 1
    assert done.stderr == "tflite_to_tinyengine: cannot write the output: No space left on device\n"


# Bad input


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ("--bord=qemu-m4", "Unknown command line flag 'bord'"),
        ("--verify=many", "--verify=many"),
        ("--verify=-1", "--verify=-1"),
        ("--report=xml", "should be one of"),
        ("--board=abacus", "unknown board 'abacus': choose one of alif-e7, "),
        ("--board=missing.toml", "missing.toml"),
        ("--name=3x", "'3x' is no C identifier"),
        ("--name=a/../b", "is no C identifier"),
        ("--name=string", "'string' is the name of a system's header: choose another --name"),
        ("--name=all", "'all' is a target of CMake's own: choose another --name"),
        ("--name=main", "'main' is the name of a file beside the network"),
        ("--name=café", "'café' is no C identifier of ASCII letters"),
        ("--name=" + 200 * "n", "has 200 characters, more than 63: choose another --name"),
        ("--hooks=layer,tick", "hook 'tick' is unknown: use one of layer, yield"),
        ("--place=heap:.dtcm", "use one of weights, hot_weights, arena, state, code"),
        ("--place=hot_weights:.dtcm", "'.dtcm' is free for them is not known: say hot_weights:"),
        ("--place=hot_weights:.dtcm=64k", "'64k' is no number of bytes: say .dtcm=65536"),
        ("--place=", "nothing is placed: say what goes where"),
        ("--place=,", "nothing is placed: say what goes where"),
        ("--place=weights", "weights: '' is no section: say weights:.section"),
        ("--place=weights:a b", "weights: 'a b' is no section: say weights:.section"),
        ("--place=code:.a,code:.b", "code has section '.a' already: name one"),
        ("--board=stm32h743 --place=arena:.dtc", "board stm32h743 has no section '.dtc': use one"),
        ("--format=abacus", "project format 'abacus' is unknown: use one of arduino, cmake, "),
        (
            "--format=cmake,abacus",
            "project format 'abacus' is unknown: use one of arduino, cmake, ",
        ),
        ("--format=", "no project format: use one or more of arduino, cmake, "),
        ("--format=arduino --name=arduino_kws", "'arduino_kws' begins with 'arduino', which is"),
        ("--format=arduino --name=Wire", "'Wire' is the name of a header of Arduino's (arduino): "),
        ("--format=platformio --name=Wire", "name of a header of Arduino's (platformio): choose"),
        (
            "--format=zephyr --name=soc",
            "name of a header of Zephyr's (zephyr): choose another",
        ),
        ("--format=esp-idf --name=driver", "of a component of ESP-IDF (esp-idf): choose another"),
        ("--format=pico-sdk --name=pico_kws", "a library of the Pico SDK (pico-sdk): choose"),
        ("--format=make --name=example", "'example' is a target of the Makefile (make): choose"),
        ("--sram_budget=64", "over the budget of 64 B"),
        ("--sram_budget=0", "--sram_budget=0"),
    ],
)
@pytest.mark.sampled(4)
def test_bad_flags(tmp_path, model, flag, told):
    assert told in refused(tmp_path, model, *re.split(r" (?=--)", flag))


def test_a_missing_file_and_a_folder(tmp_path):
    assert "No such file or directory" in refused(tmp_path, "missing.tflite")
    assert "Is a directory" in refused(tmp_path, tmp_path)


def bit_flipped() -> bytes:
    model = bytearray(small_network())
    model[len(model) // 2 :] = bytes(byte ^ 0x40 for byte in model[len(model) // 2 :])
    return bytes(model)


def recurrent() -> bytes:
    net = Net()
    x, y = (net.tensor((1, 8), scale=0.1) for _ in range(2))
    net.op("RNN", [x], [y])
    return net.build([x], [y])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not a TensorFlow Lite model"),
        (b"\0" * 4096, "not a TensorFlow Lite model"),
        (small_network()[:1000], "the file is damaged"),
        (bit_flipped(), "the file is damaged"),
    ],
    ids=["empty", "zeros", "truncated", "bit-flipped"],
)
def test_bad_models(tmp_path, content, told):
    (tmp_path / "bad.tflite").write_bytes(content)
    assert told in refused(tmp_path, "bad.tflite")


def test_a_file_in_place_of_the_output_folder(tmp_path, model):
    (tmp_path / "taken").write_text("mine")
    assert "taken: not a folder" in refused(tmp_path, model, "--output_dir=taken")
    below = refused(tmp_path, model, "--output_dir=taken/below")
    assert "taken/below: " in below and below.endswith("choose a folder you may write")


def test_a_folder_of_someone_else_is_left_alone(tmp_path, model):
    (tmp_path / "work").mkdir()
    for name in ("report.txt", "main.c", "notes.md"):
        (tmp_path / "work" / name).write_text("mine")
        assert "which is not an earlier output" in refused(tmp_path, model, "--output_dir=work")


def test_an_edited_example_is_kept_and_said(tmp_path, model):
    run(tmp_path, model, "--output_dir=out")
    (tmp_path / "out" / "main.c").write_text("mine")
    done = run(tmp_path, model, "--output_dir=out", "--optimize=speed")
    assert done.returncode == 0
    assert done.stderr == "kept your out/main.c: it was changed since it was written\n"
    assert (tmp_path / "out" / "main.c").read_text() == "mine"


def test_an_edited_kernel_stops_the_writing(tmp_path, model):
    run(tmp_path, model, "--output_dir=out")
    (tmp_path / "out" / "small.c").write_text("mine")
    told = refused(tmp_path, model, "--output_dir=out", "--optimize=speed")
    assert "out: 'small.c' was changed since it was written; move it away or choose" in told


# Dumps


def test_a_dump_has_a_text_for_each_pass_and_the_plan(tmp_path, model):
    run(tmp_path, model, "--output_dir=out", "--dump=dump")
    names = sorted(tree(tmp_path / "dump"))
    steps = [name.split("_", 1)[1].removesuffix(".txt") for name in names]
    passes = [step.name for step in PASSES if step is not END_IN_PROBABILITIES]
    assert steps == ["read", *passes, "plan"]
    last = (tmp_path / "dump" / names[-2]).read_text()
    graph = read_graph_text(last)
    inputs = [np.zeros(graph.tensors[i].shape, np.int8) for i in graph.inputs]
    assert evaluate(graph, inputs)
    plan = (tmp_path / "dump" / names[-1]).read_text()
    for text in ("stage 0: ", "0 CONV_2D conv2d_s8", "rows a call, scratch ", "constants ", "@"):
        assert text in plan
    before = tree(tmp_path / "dump")
    assert run(tmp_path, model, "--output_dir=out", "--dump=dump").returncode == 0
    assert tree(tmp_path / "dump") == before


def test_a_dump_shows_what_came_before_a_refusal(tmp_path):
    (tmp_path / "real.tflite").write_bytes(recurrent())
    assert run(tmp_path, "real.tflite", "--dump=dump").returncode == 1
    assert "op RNN %0 ->" in (tmp_path / "dump" / "00_read.txt").read_text()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_a_dump_to_an_unwritable_folder_is_one_line(tmp_path, model):
    for folder in ("/proc/mcunet_tf", model):
        told = refused(tmp_path, model, f"--dump={folder}")
        assert told.endswith("choose a folder you may write for --dump")


def test_a_dump_writes_over_nothing_else(tmp_path, model):
    (tmp_path / "dump").mkdir()
    (tmp_path / "dump" / "00_read.txt").write_text("mine")
    told = refused(tmp_path, model, "--dump=dump")
    assert "00_read.txt: not an earlier dump; choose another folder for --dump" in told


# The file's name


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("main", "model_main"),
        ("string", "model_string"),
        ("café", "cafe"),
        ("2nd-model", "model_2nd_model"),
        ("all", "model_all"),
        ("int", "model_int"),
        ("東京", "model"),
    ],
)
@pytest.mark.sampled(3)
def test_any_file_name_gives_a_project(tmp_path, stem, name):
    (tmp_path / f"{stem}.tflite").write_bytes(small_network())
    done = run(tmp_path, f"{stem}.tflite")
    assert (done.returncode, done.stderr) == (0, "")
    assert {f"{name}.h", f"{name}.c", "main.c"} <= set(tree(tmp_path / f"{name}_tinyengine"))
    folder = tmp_path / f"{name}_tinyengine"
    assert f"{name}_invoke(arena);" in (folder / "main.c").read_text()
    assert f"void {name}_invoke(void *arena);" in (folder / f"{name}.h").read_text()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_a_folder_that_cannot_be_written(tmp_path, model):
    """Not even root may write into /proc."""
    told = refused(tmp_path, model, "--output_dir=/proc/mcunet_tf")
    assert "/proc/mcunet_tf: " in told and told.endswith("choose a folder you may write")


def test_a_difference_from_the_reference_fails_before_anything_is_written(tmp_path, monkeypatch):
    """The reference is made to disagree: exit code 1, and no project."""
    case = Case("CONV_2D", "verify", conv_model(Conv()))
    (tmp_path / "conv.tflite").write_bytes(case.model)
    code = (
        "import sys, numpy as np; from mcunet_tf.check import verify\n"
        "run = verify.Reference.run\n"
        "verify.Reference.run = lambda *a: [tuple(x ^ 1 for x in o) for o in run(*a)]\n"
        "from mcunet_tf.cli import tflite_to_tinyengine as t\n"
        "sys.argv = ['x', 'conv.tflite', '--verify=1']; t.run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 1
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("tflite_to_tiny"))
    count = int(np.prod((7, 6, 5)))
    assert f"{count} of {count} values of output 0 differ for input 0" in line
    assert [p.name for p in tmp_path.iterdir()] == ["conv.tflite"]
