# SPDX-License-Identifier: Apache-2.0
"""The site's pages are true: their commands run, their code compiles, their links lead somewhere.

Commands that need a board, a vendor's toolchain or a network are not run; the files that they name
must be there once those before them have run.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.tinyengine import compile_tflite
from tests.audio.sounds import voice
from tests.audio.test_spotter import network
from tests.cli.test_mcunet_listen import write as write_wav
from tests.plan.random_networks import streamed_network
from tests.tinyengine.small_models import small_network

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
ELSEWHERE = ("arduino-cli", "pio", "idf.py", "west", "cbuild", "pip")
PICO = "examples/pico"
COMMANDS = ("tflite_to_tinyengine", "mcunet_listen")


LONG = ("listening.md",)
"""Pages whose commands take long: recordings are made, and heard by each command."""

CODE_OF = [
    pytest.param(
        page,
        id=str(page.relative_to(DOCS)),
        marks=[pytest.mark.slow] if page.name in LONG else [],
    )
    for page in PAGES
]


def blocks(page: Path, language: str) -> list[str]:
    """Fenced code of a language; in a list it is indented."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", page.read_text(), re.M | re.S)
    return ["".join(f"{line[len(gap) :]}\n" for line in text.splitlines()) for gap, text in found]


def commands(page: Path) -> list[str]:
    return [line for text in blocks(page, "sh") for line in text.splitlines() if line.strip()]


@pytest.fixture
def workshop(tmp_path, monkeypatch) -> Path:
    """What the reader has: some models, and the commands of this package."""
    for name, make in {
        "model": small_network,
        "kws": small_network,
        "faces": streamed_network,
    }.items():
        (tmp_path / f"{name}.tflite").write_bytes(make())
    if "listening.md" in os.environ.get("PYTEST_CURRENT_TEST", ""):
        recordings(tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in COMMANDS:
        script = f'#!/bin/sh\nexec "{sys.executable}" -m mcunet_tf.cli.{name} "$@"\n'
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    (tools / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def recordings(folder: Path) -> None:
    """A network that listens, a recording, and a folder of words by some speakers."""
    (folder / "words.tflite").write_bytes(network())
    write_wav(folder / "speech.wav", voice(32000, 4))
    for number, word in enumerate(("yes", "no")):
        (folder / "words" / word).mkdir(parents=True)
        for speaker in range(30):
            path = folder / "words" / word / f"{speaker:08x}_nohash_0.wav"
            write_wav(path, voice(16000, 100 * number + speaker))


def can_run(line: str) -> bool:
    words = shlex.split(line)
    if words[0] in ELSEWHERE or ("pico" in line and not os.environ.get("PICO_SDK_PATH")):
        return words[0] == "tflite_to_tinyengine"
    if "--format=wasm" in line and not shutil.which("zig"):
        return importlib.util.find_spec("ziglang") is not None
    if "qemu" in line or "board.bin" in line:
        return bool(shutil.which("qemu-system-arm") and shutil.which("arm-none-eabi-gcc"))
    cross = "arm-none-eabi-gcc" not in line or shutil.which("arm-none-eabi-gcc")
    return bool(cross) and (words[0].startswith("./") or shutil.which(words[0]) is not None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
@pytest.mark.sampled(3)
def test_commands_run(page, workshop):
    lines = commands(page)
    if not lines:
        pytest.skip("the page has no commands")
    missing = False
    for line in lines:
        # What a missing tool would have made cannot be run either.
        if can_run(line) and not (missing and line.startswith("./")):
            done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, f"{line}\n{done.stderr[-2000:]}"
        else:
            missing = True
            named = [
                word for word in shlex.split(line) if "/examples/" in word or "/samples/" in word
            ]
            assert all((workshop / word).exists() for word in named), line


@pytest.mark.parametrize("page", CODE_OF)
@pytest.mark.sampled(2)
def test_code_is_right(page, workshop):
    """C against the folders that the page's commands write, Python as it stands."""
    c, python = blocks(page, "c"), blocks(page, "python")
    if not c and not python:
        pytest.skip("the page has no code")
    for line in commands(page):
        if line.startswith(COMMANDS) and can_run(line):
            subprocess.run(["sh", "-c", line], check=True, capture_output=True, timeout=120)
    includes = [f"-I{folder}" for folder in workshop.iterdir() if folder.is_dir()]
    for text in c:
        (workshop / "block.c").write_text(text)
        flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", *includes, "-fsyntax-only", "block.c"]
        done = subprocess.run([find_tool("cc"), *flags], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    for text in python:
        exec(text, {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_and_flags(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target
    sources = [ROOT / "mcunet_tf" / "cli" / f"{name}.py" for name in COMMANDS]
    source = "".join(path.read_text() for path in sources)
    for flag in re.findall(r"`--(\w+)", text):
        assert f'"{flag}"' in source, flag


def test_every_page_is_in_the_navigation():
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text())

    def leaves(entry) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        values = entry.values() if isinstance(entry, dict) else entry
        return [leaf for value in values for leaf in leaves(value)]

    own = [str(p.relative_to(DOCS)) for p in PAGES]
    top = re.search(r"TOP = \((.*)\)", (ROOT / ".ci" / "site.py").read_text())[1]
    added = ["benchmark.md", *(f"{name}.md" for name in re.findall(r"\w+", top))]
    assert sorted(leaves(settings["nav"])) == sorted([*own, *added])
    assert all((ROOT / name).is_file() for name in added[1:])


def test_the_picture_is_what_the_compiler_draws():
    compiled = compile_tflite(small_network(), "portable", name="classifier", optimize="sram")
    assert (DOCS / "pictures" / "memory.svg").read_text() == compiled.files["memory.svg"]


def test_newcomers_need_five_commands_at_most():
    for name in ("arduino", "platformio", "esp-idf"):
        assert 1 <= len(commands(DOCS / "platforms" / f"{name}.md")) <= 5


def test_the_site_builds(tmp_path):
    """Strictly: a link that leads nowhere stops it. The packages are those of the extra `docs`."""
    pytest.importorskip(
        "material", reason="mkdocs-material is not installed: pip install '.[docs]'"
    )
    pytest.importorskip("mkdocstrings", reason="mkdocstrings is not installed")
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(PAGES)
    # A browser needs no network for them: only what a reader clicks leads out of the site.
    for page in pages:
        assert not re.search(r'<(?:script|img|link)[^>]*(?:src|href)="?https?:', page.read_text())


# Workflows call the same commands as people do


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github").glob("[!a]*/*.yml")), ids=lambda p: p.name
)
def test_workflows_and_forms(path):
    told = yaml.safe_load(path.read_text())
    if "ISSUE_TEMPLATE" in path.parts:
        assert told.get("body") or "blank_issues_enabled" in told
        return
    makefile = (ROOT / "Makefile").read_text()
    steps = [step for job in told["jobs"].values() for step in job["steps"]]
    runs = [step["run"] for step in steps if "run" in step]
    assert runs
    for target in (t for run in runs for t in re.findall(r"\bmake ([\w-]+)", run)):
        assert re.search(rf"^{target}:", makefile, re.M), target
    assert all(run.startswith(("make ", "pip install")) for run in runs), runs
