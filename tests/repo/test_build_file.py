# SPDX-License-Identifier: Apache-2.0
"""BUILD is evaluated as Bazel would: its targets hold every source, and what each of them promises.

A Starlark interpreter runs it; `glob` and the rules are those below. Bazel itself is not needed.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import starlark

ROOT = Path(__file__).resolve().parents[2]
RULES = ("cc_library", "filegroup", "py_library")
GENERATED = {"__pycache__"}
VECTOR_CODE = re.compile(r"vector_size|__builtin_ia32|__builtin_arm|arm_mve|__asm__")


def matcher(pattern: str) -> re.Pattern[str]:
    """Bazel's patterns: `*` stays within a folder, `**` is any number of whole folders."""
    parts = []
    for segment in pattern.split("/"):
        if segment == "**":
            parts.append(r"(?:[^/]+/)*")
        else:
            parts.append("[^/]*".join(map(re.escape, segment.split("*"))) + "/")
    return re.compile("".join(parts).removesuffix("/") + r"\Z")


def tracked_files() -> list[str]:
    """Returns the files that a checkout has: of the folders that BUILD names, by relative path."""
    found = []
    for top in ("kernels", "mcunet_tf", "tests"):
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and not GENERATED & set(path.parts):
                found.append(str(path.relative_to(ROOT)))
    return sorted(found)


@dataclass
class Build:
    """What the evaluation of a BUILD file gave.

    Attributes:
        targets: name -> attributes as the rule got them, and the rule's own name as `rule`.
        empty: patterns that match no file, or take none away where they exclude.
    """

    files: list[str]
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)

    def glob(self, include: list[str], exclude: list[str] = ()) -> list[str]:
        """Bazel's function."""
        found: set[str] = set()
        for pattern in include:
            matches = set(filter(matcher(pattern).match, self.files))
            self.empty += [pattern] * (not matches)
            found |= matches
        taken = set()
        for pattern in exclude:
            matches = set(filter(matcher(pattern).match, sorted(found)))
            self.empty += [f"exclude {pattern}"] * (not matches)
            taken |= matches
        return sorted(found - taken)

    def rule(self, kind: str) -> Any:
        """A rule that notes its target."""

        def define(name: str, **attributes: Any) -> None:
            assert name not in self.targets
            self.targets[name] = {"rule": kind, **attributes}

        return define


def evaluate(text: str, files: list[str]) -> Build:
    """Runs a BUILD file.

    Raises:
        starlark.StarlarkError: it is no Starlark, or calls what Bazel has not.
    """
    build = Build(files)
    module = starlark.Module()
    module.add_callable("glob", build.glob)
    for kind in RULES:
        module.add_callable(kind, build.rule(kind))
    for ignored in ("exports_files", "licenses", "package"):
        module.add_callable(ignored, lambda *_, **__: None)
    starlark.eval(module, starlark.parse("BUILD", text), starlark.Globals.standard())
    return build


@pytest.fixture(scope="module")
def build() -> Build:
    return evaluate((ROOT / "BUILD").read_text(), tracked_files())


def sources_of(build: Build, name: str) -> set[str]:
    target = build.targets[name]
    return {f for key in ("srcs", "hdrs", "data") for f in target.get(key, [])}


def wrong_in_kernels(build: Build) -> list[str]:
    """Files of the target for every compiler that are not for every compiler, by what they hold."""
    wrong = []
    for name in build.targets["kernels"]["srcs"]:
        command = ["cc", "-std=c11", "-E", "-P", str(ROOT / name)]
        text = subprocess.run(command, capture_output=True, text=True)
        # What only another computer's headers let through is wrong too.
        if text.returncode or VECTOR_CODE.search(text.stdout) or not name.endswith(".c"):
            wrong.append(name)
    return wrong


def missing_kernels(build: Build) -> set[str]:
    targets = [name for name in build.targets if name.startswith("kernels")]
    held = set().union(*(sources_of(build, name) for name in targets))
    kinds = (".c", ".h", ".S", ".inc")
    return {f for f in build.files if f.startswith("kernels/") and f.endswith(kinds)} - held


def test_every_pattern_matches_a_file(build):
    assert len(build.targets) >= 4
    assert build.empty == []


def test_every_label_exists(build):
    for target in build.targets.values():
        for value in target.values():
            for label in value if isinstance(value, list) else [value]:
                if str(label).startswith(":"):
                    assert label[1:] in build.targets


def test_every_kernel_is_in_a_target(build):
    assert missing_kernels(build) == set()


def test_no_kernel_is_in_both(build):
    one, other = (sources_of(build, name) for name in ("kernels", "kernels_for_targets"))
    assert one & other == set()


@pytest.mark.skipif(shutil.which("cc") is None, reason="no host compiler")
def test_the_kernels_for_every_compiler_hold_no_vector_code(build):
    assert build.targets["kernels"]["srcs"]
    assert wrong_in_kernels(build) == []


def test_no_package_file_is_left_out(build):
    package = {f for f in build.files if f.startswith("mcunet_tf/")}
    assert package - sources_of(build, "mcunet_tf") == set()
    tests = {f for f in build.files if f.startswith("tests/") and f.endswith(".py")}
    assert tests - sources_of(build, "tests") == set()


def test_the_checks_see_what_they_are_for():
    """Kernels for Helium in no target, vector code in the target for all, patterns in vain."""
    text = """
cc_library(
    name = "kernels",
    srcs = glob(["kernels/*/*.c"], exclude = ["kernels/*/*_dsp.c", "kernels/*/*_mve.c"]),
    hdrs = glob(["kernels/*/*.h", "kernels/*.nothing"], exclude = ["kernels/*/none.h"]),
)
filegroup(name = "kernels_for_targets", srcs = glob(["kernels/*/*_dsp.*"]))
"""
    build = evaluate(text, tracked_files())
    assert missing_kernels(build)
    assert all("_mve." in name or "_rvv." in name for name in missing_kernels(build))
    assert build.empty == ["kernels/*.nothing", "exclude kernels/*/none.h"]
    if shutil.which("cc"):
        wrong = wrong_in_kernels(build)
        assert wrong
        assert all(name.endswith(("_rvv.c", "_simd.c", "_scalar.c", "_thumb.c")) for name in wrong)
    with pytest.raises(starlark.StarlarkError):
        evaluate("cc_binary(name = 'unknown')", [])


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("a/*/*.c", "a/b/x.c", True),
        ("a/*/*.c", "a/b/c/x.c", False),
        ("a/**/*.c", "a/x.c", True),
        ("a/**/*.c", "a/b/c/x.c", True),
        ("a/**/*", "a/b/c", True),
        ("a/*_dsp.*", "a/x_dsp.S", True),
        ("a/*_dsp.*", "a/x_dspS", False),
        ("a/*.c", "b/a/x.c", False),
    ],
)
def test_patterns_mean_what_bazel_means(pattern, path, matches):
    assert bool(matcher(pattern).match(path)) == matches
