# SPDX-License-Identifier: Apache-2.0
"""Writes a project to disk: everything or nothing, and never over what is not ours.

A project carries a list of its files with the hash of each (`MANIFEST`). A file is ours as long as
it is listed and unchanged. What is not in the list stays where it is; what was edited is the
user's: an example is kept, and anything else that is edited stops the writing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Collection, Mapping

from mcunet_tf.errors import OutputError

MANIFEST = ".mcunet_tf.json"
_FORM = 1


@dataclasses.dataclass(frozen=True)
class Written:
    """What became of a project.

    Attributes:
      files: how many files were written, unchanged ones included, without the list of them.
      kept: files of an earlier output that are the user's by now and were left as they are.
    """

    files: int
    kept: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Changes:
    """What is to be done in a folder that holds an earlier output."""

    write: tuple[str, ...]
    delete: tuple[str, ...]
    kept: tuple[str, ...]


def write_project(
    files: Mapping[str, str], folder: pathlib.Path, examples: Collection[str] = ()
) -> Written:
    """Writes beside the target first and moves files into place when all are complete.

    Args:
      files: text by relative path.
      folder: made if it is missing; an earlier output is replaced, a foreign folder refused.
      examples: files that are the user's once edited.

    Raises:
      OutputError: the folder cannot be written, or holds files that are not ours in the way.
    """
    try:
        target = folder.resolve()
        old = _earlier_output(folder, target)
        changes = _changes(folder, target, files, examples, old)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = pathlib.Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            _write_files({name: files[name] for name in changes.write}, temporary / "new")
            if old is None:
                hashes = {name: [_hash(text)] for name, text in files.items()}
                _write_manifest(temporary, temporary / "new", hashes)
                os.replace(temporary / "new", target)
            else:
                _exchange(temporary, target, files, changes, old)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{folder}: {reason}; choose a folder you may write") from error
    return Written(len(files) - len(changes.kept), changes.kept)


def _earlier_output(folder: pathlib.Path, target: pathlib.Path) -> dict[str, list[str]] | None:
    """Hashes of the files of an earlier output; None where there is nothing.

    Raises:
      OutputError: the folder holds something else.
    """
    if not target.exists():
        return None
    if not target.is_dir():
        raise OutputError(f"{folder}: not a folder; choose another one with --output_dir")
    entries = sorted(path.name for path in target.iterdir())
    if not entries:
        return None
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        files = {str(name): [str(h) for h in hashes] for name, hashes in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(
            f"{folder}: holds '{entries[0]}', which is not an earlier output; choose another folder"
        ) from error
    inside = {name: hashes for name, hashes in files.items() if _is_below(name)}
    return inside


def _is_below(name: str) -> bool:
    """Whether a path of the list leads to a file within the folder."""
    path = pathlib.PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _changes(
    folder: pathlib.Path,
    target: pathlib.Path,
    files: Mapping[str, str],
    examples: Collection[str],
    old: Mapping[str, list[str]] | None,
) -> _Changes:
    """What to write, to delete and to keep.

    Raises:
      OutputError: a file that is not ours is in the way.
    """
    if old is None:
        return _Changes(tuple(files), (), ())
    write, kept = [], []
    for name, text in files.items():
        found = _hash_on_disk(target, name)
        if found is None or found in old.get(name, ()) or found == _hash(text):
            write.append(name)
        elif name in examples:
            kept.append(name)
        else:
            what = "was changed since it was written" if name in old else "is not ours"
            raise OutputError(
                f"{folder}: '{name}' {what}; move it away or choose another --output_dir"
            )
    gone = [name for name in old if name not in files]
    delete = [name for name in gone if _hash_on_disk(target, name) in old[name]]
    kept += [name for name in gone if _hash_on_disk(target, name) not in (None, *old[name])]
    return _Changes(tuple(write), tuple(delete), tuple(kept))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _hash_on_disk(target: pathlib.Path, name: str) -> str | None:
    """The hash of a plain file below plain folders; "" for anything else, None for nothing."""
    path = target
    for part in pathlib.PurePosixPath(name).parts:
        if path.is_symlink() and path != target:
            return ""
        if path.exists() and not path.is_dir():
            return ""
        path = path / part
    if not path.is_symlink() and not path.exists():
        return None
    if path.is_symlink() or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_files(files: Mapping[str, str], folder: pathlib.Path) -> None:
    folder.mkdir()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def _write_manifest(
    temporary: pathlib.Path, folder: pathlib.Path, hashes: Mapping[str, list[str]]
) -> None:
    """Puts the list in place in one step."""
    text = json.dumps({"form": _FORM, "files": dict(sorted(hashes.items()))}, indent=1)
    partial = temporary / MANIFEST
    partial.write_text(text + "\n", encoding="utf-8")
    os.replace(partial, folder / MANIFEST)


def _exchange(
    temporary: pathlib.Path,
    target: pathlib.Path,
    files: Mapping[str, str],
    changes: _Changes,
    old: Mapping[str, list[str]],
) -> None:
    """Puts new files in the place of old ones, and the old ones back if one of them cannot be.

    While it works, the list holds both hashes of each file: were it killed, the next run would know
    all of them.
    """
    new = {name: [_hash(files[name])] for name in changes.write}
    both = {name: [*old.get(name, ()), *new.get(name, ())] for name in {*old, *new}}
    _write_manifest(temporary, target, both)
    moved: list[tuple[pathlib.Path, pathlib.Path]] = []

    def move(source: pathlib.Path, place: pathlib.Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, place)
        moved.append((source, place))

    try:
        for name in (*changes.write, *changes.delete):
            if (target / name).exists():
                move(target / name, temporary / "old" / name)
            if name in new:
                move(temporary / "new" / name, target / name)
        _write_manifest(temporary, target, new)
    except OSError:
        for source, place in reversed(moved):
            with contextlib.suppress(OSError):
                os.replace(place, source)
        with contextlib.suppress(OSError):
            _write_manifest(temporary, target, old)
        raise
    for name in changes.delete:
        for parent in (target / name).parents:
            if parent == target:
                break
            with contextlib.suppress(OSError):  # it is not empty
                parent.rmdir()
