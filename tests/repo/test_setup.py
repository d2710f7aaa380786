# SPDX-License-Identifier: Apache-2.0
"""`make setup` finds a Python that runs, and pins the packages that were tested with it."""

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci" / "setup"
CONSTRAINTS = sorted((ROOT / "constraints").glob("python*.txt"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;#]+)$")


def python_stub(path: Path, version: str | None) -> None:
    """A Python that says this version, or the stub of a version manager that runs none."""
    answer = f"echo {version}" if version else "echo 'no such version' >&2; exit 127"
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)


def ask(what: str, path: Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), what],
        env={"PATH": f"{path}{os.pathsep}/nowhere", "VENV": str(path / "none"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def machine(tmp_path):
    """Makes a PATH of Pythons, {name: version}, beside the tools that the script itself uses."""

    def make(pythons):
        for tool in ("cat", "dirname", "sed"):
            (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
        for name, version in pythons.items():
            python_stub(tmp_path / name, version)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"python3.11": "3.11", "python3": "3.13"}, "python3.11"),
        ({"python3.11": None, "python3": "3.13"}, "python3"),
        ({"python3": "3.14", "python3.12": "3.12"}, "python3.12"),
        ({"python3": "3.9", "python3.13": None, "python3.10": "3.10"}, "python3.10"),
    ],
)
def test_the_first_python_that_runs_and_is_supported_is_taken(machine, pythons, chosen):
    folder = machine(pythons)
    assert ask("interpreter", folder).stdout == f"{chosen}\n"
    expected = f"constraints/python{pythons[chosen]}.txt\n"
    assert ask("constraints", folder).stdout == expected


def test_a_named_python_is_taken(machine):
    folder = machine({"python3.11": "3.11", "mine": "3.12"})
    assert ask("interpreter", folder, PYTHON="mine").stdout == "mine\n"
    assert ask("constraints", folder, PYTHON="mine").stdout == "constraints/python3.12.txt\n"


@pytest.mark.parametrize(
    ("pythons", "told"),
    [
        ({"python3": "3.14"}, "python3 is Python 3.14; install one of 3.10 3.11 3.12 3.13"),
        ({"python3": None}, "python3 is no Python that runs; install one of"),
    ],
)
def test_a_python_that_is_not_supported_is_named(machine, pythons, told):
    run = ask("check", machine(pythons))
    assert run.returncode == 1
    assert told in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_wrong_word_is_refused(machine):
    assert "neither" in ask("nonsense", machine({"python3": "3.11"})).stderr


def test_every_supported_python_has_its_set():
    supported = re.search(r'^SUPPORTED="(.*)"$', SCRIPT.read_text(), re.MULTILINE)[1].split()
    assert [f"python{version}" for version in supported] == [p.stem for p in CONSTRAINTS]
    floor, ceiling = re.search(
        r'python_requires=">=3\.(\d+),<3\.(\d+)"', (ROOT / "setup.py").read_text()
    ).groups()
    assert supported == [f"3.{minor}" for minor in range(int(floor), int(ceiling))]


@pytest.mark.parametrize("path", CONSTRAINTS, ids=lambda path: path.stem)
def test_a_set_pins_one_version_of_each_package(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    pins = [PIN.match(line) for line in lines]
    assert all(pins), lines
    names = [pin[1].lower().replace("_", "-") for pin in pins]
    assert len(set(names)) == len(names)
    assert {"tensorflow", "numpy", "pytest", "starlark-pyo3", "tflite-micro"} <= set(names)
    assert "mcunet-tf" not in names


def test_a_run_says_what_it_runs_with():
    """From the log of a run, its set of packages can be told."""
    venv = Path(sys.prefix)
    run = subprocess.run(
        ["/bin/sh", str(ROOT / ".ci" / "versions"), str(venv)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert f"Python {sys.version.split()[0]}" in run.stdout
    assert f"packages of constraints/python3.{sys.version_info[1]}.txt, " in run.stdout
    assert f"numpy {metadata.version('numpy')}" in run.stdout
    for tool in ("gcc", "arm-none-eabi-gcc", "qemu-system-arm", "qemu-system-riscv32"):
        assert (f"no {tool}" in run.stdout) == (shutil.which(tool) is None)
