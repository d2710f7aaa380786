# SPDX-License-Identifier: Apache-2.0
"""What the documents say is true: links lead somewhere, commands exist, examples run."""

import re
import shutil
import subprocess
from pathlib import Path
from unittest.mock import create_autospec

import numpy as np
import pytest

import mcunet_tf
from mcunet_tf.tinynas.result import SearchResult
from tests.cli.forked import run_module
from tests.repo import readme

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(ROOT.glob("*.md"))


def code_blocks(language: str) -> list[str]:
    return re.findall(f"```{language}\n(.*?)```", readme.README.read_text(), re.DOTALL)


def shell_lines() -> list[str]:
    return [line.strip() for line in re.findall(r"^    .*$", readme.README.read_text(), re.M)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(path):
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"make ([\w-]+)", readme.README.read_text()))
    assert {"demo", "test"} <= targets
    for target in targets:
        assert re.search(f"^{target}:", makefile, re.MULTILINE), target


def test_commands_and_their_flags_exist():
    seen = 0
    for line in shell_lines():
        command = line.split()[0]
        source = ROOT / "mcunet_tf" / "cli" / f"{command}.py"
        if not source.is_file():
            continue
        seen += 1
        for flag in re.findall(r"--(\w+)", line):
            assert f'"{flag}"' in source.read_text(), f"{command} has no --{flag}"
    assert seen >= 2


def test_boards_are_listed_as_they_are():
    text = readme.BOARDS.read_text()
    assert readme.renewed(text) == text, "run: python -m tests.repo.readme"


@pytest.fixture
def workshop(tmp_path, keras_model, monkeypatch):
    """A folder with a `model.tflite`, as the reader of README.md has."""
    shutil.copy(keras_model("tiny_conv"), tmp_path / "model.tflite")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_examples_run(workshop, keras_model, monkeypatch):
    """The second one quantises; the bytes of a finished model stand in for TensorFlow's."""
    made = keras_model("tiny_conv").read_bytes()
    monkeypatch.setattr(mcunet_tf, "quantize_ptq", lambda model, samples: made, raising=False)
    first, second, _ = code_blocks("python")
    names = {"keras_model": None, "samples": np.zeros((1, 6, 6, 1))}
    exec(first, names)
    exec(second, names)
    assert (workshop / "model_c" / "model.c").is_file()
    assert names["compiled"].name == "model"


def test_the_search_example_names_what_there_is(monkeypatch):
    """A search takes minutes (`tests/tinynas` runs it): here its names and arguments are held."""
    result = create_autospec(SearchResult, instance=True)
    call = create_autospec(mcunet_tf.search, return_value=result)
    monkeypatch.setattr(mcunet_tf, "search", call)
    exec(code_blocks("python")[2], {"images": None, "labels": None})
    call.assert_called_once()
    for method in (result.to_tflite, result.compile, result.report):
        method.assert_called_once()


def test_c_example_compiles(workshop):
    if shutil.which("gcc") is None:
        pytest.skip("no gcc on this computer")
    mcunet_tf.compile_tflite("model.tflite", output_dir="model_c")
    (example,) = code_blocks("c")
    Path("example.c").write_text(example)
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Imodel_c"]
    subprocess.run(["gcc", *flags, "-c", "example.c"], check=True, timeout=60)


def test_compile_commands_run(workshop):
    lines = [line for line in shell_lines() if line.startswith("tflite_to_tinyengine")]
    for line, folder in zip(lines, ("model_c",), strict=True):
        _, *arguments = line.split()
        run = run_module("mcunet_tf.cli.tflite_to_tinyengine", arguments, workshop)
        assert run.returncode == 0, run.stderr
        assert (workshop / folder / "CMakeLists.txt").is_file()
