# SPDX-License-Identifier: Apache-2.0
"""A project is written as a whole or not at all, and files of the user are never lost."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib

import pytest

from mcunet_tf.errors import McunetError, OutputError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.emit import formats, write
from mcunet_tf.tinyengine.emit.write import MANIFEST, write_project
from tests.tinyengine.small_models import small_network

FIRST = {"kws.c": "1", "kernels/add/add.c": "a", "main.c": "example", "CMakeLists.txt": "lists"}
SECOND = {"kws.c": "2", "kernels/mul/mul.c": "m", "main.c": "another", "CMakeLists.txt": "lists"}
EXAMPLES = ("main.c", "CMakeLists.txt")


def tree(folder: pathlib.Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


@pytest.fixture
def out(tmp_path) -> pathlib.Path:
    """A folder with an earlier output."""
    write_project(FIRST, tmp_path / "out", EXAMPLES)
    return tmp_path / "out"


def test_an_earlier_output_is_replaced(out):
    assert tree(out) == FIRST
    written = write_project(SECOND, out, EXAMPLES)
    assert (written.files, written.kept) == (4, ())
    assert tree(out) == SECOND
    assert not (out / "kernels" / "add").exists()
    assert [path.name for path in out.parent.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "name", ["notes.md", "kernels/mine.c", "kernels/add/mine.c", "build/kws.o", "parser.tab.c"]
)
def test_files_of_the_user_stay(out, name):
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("/* A Bison parser. Do not edit. */")
    write_project(SECOND, out, EXAMPLES)
    assert tree(out) == {**SECOND, name: "/* A Bison parser. Do not edit. */"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_edited_example_is_kept_for_ever(out, name):
    (out / name).write_text("mine")
    for files in (SECOND, FIRST, SECOND):
        assert write_project(files, out, EXAMPLES).kept == (name,)
        assert tree(out) == {**files, name: "mine"}


def test_an_example_that_was_deleted_comes_back(out):
    (out / "main.c").unlink()
    assert write_project(SECOND, out, EXAMPLES).kept == ()
    assert tree(out) == SECOND


def test_an_edited_file_of_ours_stops_the_writing(out):
    (out / "kws.c").write_text("mine")
    with pytest.raises(OutputError, match=r"'kws\.c' was changed since it was written; move it"):
        write_project(SECOND, out, EXAMPLES)
    assert tree(out) == {**FIRST, "kws.c": "mine"}


def test_an_edited_file_that_is_no_longer_needed_stays(out):
    (out / "kernels" / "add" / "add.c").write_text("mine")
    written = write_project(SECOND, out, EXAMPLES)
    assert written.kept == ("kernels/add/add.c",)
    assert tree(out) == {**SECOND, "kernels/add/add.c": "mine"}
    write_project(FIRST | {"kernels/add/add.c": "mine"}, out, EXAMPLES)


def test_a_file_of_the_user_in_the_way_stops_the_writing(out):
    (out / "kernels" / "mul").mkdir()
    (out / "kernels" / "mul" / "mul.c").write_text("mine")
    with pytest.raises(OutputError, match=r"'kernels/mul/mul\.c' is not ours"):
        write_project(SECOND, out, EXAMPLES)
    assert tree(out) == {**FIRST, "kernels/mul/mul.c": "mine"}


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"files": [1]}', '{"files": {"a": 1}}'])
def test_a_folder_without_our_list_is_foreign(tmp_path, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kws.c").write_text("/* compiled by mcunet_tf. Do not edit. */")
    if content is not None:
        (tmp_path / "out" / MANIFEST).write_text(content)
    with pytest.raises(OutputError, match="is not an earlier output; choose another folder"):
        write_project(FIRST, tmp_path / "out", EXAMPLES)


def test_a_list_cannot_lead_out_of_the_folder(out, tmp_path):
    (tmp_path / "victim").write_text("victim")
    manifest = json.loads((out / MANIFEST).read_text())
    manifest["files"]["../victim"] = [hashlib.sha256(b"victim").hexdigest()]
    (out / MANIFEST).write_text(json.dumps(manifest))
    write_project(SECOND, out, EXAMPLES)
    assert (tmp_path / "victim").read_text() == "victim"


def test_nothing_is_written_through_links_and_pipes(out, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mul").mkdir()
    (out / "kws.c").unlink()
    (out / "kws.c").symlink_to(elsewhere / "precious")
    with pytest.raises(OutputError, match=r"'kws\.c' was changed"):
        write_project(SECOND, out, EXAMPLES)
    (out / "kws.c").unlink()
    os.mkfifo(out / "kws.c")
    with pytest.raises(OutputError, match=r"'kws\.c' was changed"):
        write_project(SECOND, out, EXAMPLES)
    (out / "kws.c").unlink()
    (out / "kernels" / "mul").symlink_to(elsewhere / "mul")
    with pytest.raises(OutputError, match=r"'kernels/mul/mul\.c' is not ours"):
        write_project(SECOND, out, EXAMPLES)
    assert not list((elsewhere / "mul").iterdir()) and not (elsewhere / "precious").exists()


def test_a_failure_on_the_way_puts_everything_back(out, monkeypatch):
    real, calls = os.replace, []

    def failing(source, place):
        calls.append(place)
        if len(calls) == fail_at:
            raise OSError(28, "No space left on device")
        real(source, place)

    monkeypatch.setattr(write.os, "replace", failing)
    for fail_at in range(1, 9):
        calls.clear()
        with pytest.raises(OutputError, match="No space left on device"):
            write_project(SECOND, out, EXAMPLES)
        assert tree(out) == FIRST, fail_at
        assert [path.name for path in out.parent.iterdir()] == ["out"]
    fail_at = 0
    write_project(SECOND, out, EXAMPLES)
    assert tree(out) == SECOND


def test_a_kill_on_the_way_leaves_what_the_next_run_knows(out, monkeypatch):
    real, calls = os.replace, []

    def killed(source, place):
        calls.append(place)
        if len(calls) == kill_at:
            raise KeyboardInterrupt
        real(source, place)

    for kill_at in range(1, 9):
        calls.clear()
        with monkeypatch.context() as patched:
            patched.setattr(write.os, "replace", killed)
            with pytest.raises(KeyboardInterrupt):
                write_project(SECOND, out, EXAMPLES)
        write_project(FIRST, out, EXAMPLES)
        assert tree(out) == FIRST, kill_at


def test_an_emitted_project_is_written_twice(tmp_path):
    compiled = compile_tflite(small_network(), "portable", name="m", output_dir=tmp_path / "out")
    (tmp_path / "out" / "main.c").write_text("mine")
    assert compiled.write(tmp_path / "out").kept == ("main.c",)
    assert tree(tmp_path / "out") == {**compiled.files, "main.c": "mine"}


# Formats


def test_a_format_takes_a_file_and_nothing_else(tmp_path, monkeypatch):
    """Found by its place: the facts that it is given are enough for another build system."""
    (tmp_path / "plain_make.py").write_text(
        'EXAMPLES = ("Makefile", "main.c")\n'
        "def project_files(library):\n"
        "    objects = ' '.join(path.rsplit('.', 1)[0] + '.o' for path in library.sources)\n"
        "    rules = f'program: main.o {objects}\\n\\t$(CC) $^ -o $@\\n'\n"
        "    flags = f'CFLAGS = -I. {\" \".join(library.flags)}\\n'\n"
        "    return {**library.files, 'main.c': library.example, 'Makefile': flags + rules}\n"
    )
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    assert {"cmake", "plain-make"} <= set(formats.format_names())
    compiled = compile_tflite(small_network(), "portable", name="m", formats="plain-make")
    assert "program: main.o m.o m_weights.o kernels/" in compiled.files["Makefile"]
    assert "CMakeLists.txt" not in compiled.files
    assert compiled.examples == ("Makefile", "main.c")


def test_an_unknown_format_is_named():
    with pytest.raises(
        McunetError, match="project format 'abacus' is unknown: use one of arduino, "
    ):
        compile_tflite(small_network(), "portable", name="m", formats="abacus")
