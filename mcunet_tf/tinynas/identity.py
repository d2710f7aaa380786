# SPDX-License-Identifier: Apache-2.0
"""Which question a working folder answers: data, options, board and version, to the last bit.

A search goes on from a folder only where all of them are what they were. What does not change the
answer (callbacks, executor, number of processes, names of boards and folders) is left out.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.boards import Board
from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.checkpoint import read_state, write_state
from mcunet_tf.tinynas.data import Array
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.pipeline import Pipeline
from mcunet_tf.tinynas.reading import Data
from mcunet_tf.tinynas.space import Space
from mcunet_tf.version import __version__

SUPERNET_FILE = "supernet.json"
"""Says of which space the supernet of a working folder is."""

_TARGET = ("board", "sram_bytes", "flash_bytes", "latency_ms", "instructions", "hop")
"""What may be another of a search that takes a supernet over."""

_FILE = "search.json"
_VERSION = "package version"
_STATE = ("*.ckpt", "spaces.json", "evaluations.json", "halving.json", "rounds.json")
_HASHED_AT_ONCE = 1 << 24
_NAMED_DIFFERENCES = 3


def claim_folder(
    folder: Path,
    options: SearchOptions,
    images: Data,
    spaces: Sequence[Space],
    writes: bool = True,
) -> None:
    """Makes sure that what lies in a folder comes from the same question, or that nothing does.

    Args:
        folder: the working folder; nothing in it is changed where this raises.
        options: what was asked.
        images: the data, as read.
        spaces: the search spaces to choose from.
        writes: whether this process writes; the others of a cluster only compare.

    Raises:
        SearchError: the folder belongs to another search, or its file is damaged; the message names
            what differs.
        OutputError: the folder cannot be written.
    """
    claim_for(folder, identity(options, images, spaces), writes)


def claim_for(folder: Path, question: Mapping[str, Any], writes: bool = True) -> None:
    """The same for a question that is known already: one flat dictionary, as JSON gives it back."""
    try:
        found = read_state(folder / _FILE)
    except SearchError as error:
        raise SearchError(
            f"{folder / _FILE} is damaged, or of another version: choose another workdir; nothing "
            "was changed"
        ) from error
    if found is None:
        parts = sorted(path.name for pattern in _STATE for path in folder.glob(pattern))
        if parts:
            raise SearchError(
                f"{folder} holds parts of a search ({parts[0]}) without its {_FILE}: choose "
                "another workdir; nothing was changed"
            )
        if writes:
            write_state(folder / _FILE, question)
    elif found != question:
        raise SearchError(_refusal(folder, found, question))


def identity(
    options: SearchOptions, images: Data, spaces: Sequence[Space]
) -> dict[str, str | int | float | None]:
    """The question as one flat dictionary: numbers and words as they are, all else hashed.

    Args:
        options: what was asked.
        images: the data, as read.
        spaces: the search spaces to choose from.
    """
    found = _asked(options)
    found["number of classes"] = images.num_classes
    found["spaces"] = hashlib.sha256(repr(tuple(spaces)).encode()).hexdigest()
    found.update(_flat("task", options.task.content()))
    found.update(_beside(options))
    if isinstance(images, Pipeline):
        # Images may be augmented at random and come in any order: their targets, sorted, do not.
        found["training images"] = f"{images.count} of {images.dtype} {images.own_shape}"
        found["training labels"] = array_digest(np.sort(images.train_y, axis=0))
    else:
        found["training images"] = array_digest(images.train_x)
        found["training labels"] = array_digest(images.train_y)
        found["training weights"] = _weights_digest(images.train_w)
    found["validation images"] = array_digest(images.validation_x)
    found["validation labels"] = array_digest(images.validation_y)
    found["validation weights"] = _weights_digest(images.validation_w)
    return as_stored(found)


def _asked(options: SearchOptions) -> dict[str, Any]:
    """What any search is asked, whatever it looks for."""
    found: dict[str, Any] = {_VERSION: __version__}
    found.update(_flat("board", board_content(options.target)))
    limits = ("sram_bytes", "flash_bytes", "latency_ms", "instructions", "hop")
    for name in (*limits, "minutes", "epochs", "seed", "quantization"):
        found[name] = getattr(options, name)
    found["supernet_epochs"] = options.supernet_length
    found.update(_flat("recipe", dataclasses.asdict(options.recipe)))
    found.update(_flat("effort", dataclasses.asdict(options.effort)))
    del found["effort.processes"]
    return found


def detector_identity(
    options: SearchOptions,
    task: Any,
    metric: str,
    data: Mapping[str, tuple[Array, Sequence[Array]]],
) -> dict[str, Any]:
    """The question of a detector's search, likewise.

    Args:
        options: what was asked.
        task: the `Detection`.
        metric: the one that decides.
        data: images and boxes by what they are for.
    """
    found = _asked(options)
    found["metric"] = metric
    found["spaces"] = hashlib.sha256(repr(options.spaces).encode()).hexdigest()
    found.update(_flat("detection", dataclasses.asdict(task)))
    for name, (images, boxes) in data.items():
        found[f"{name} images"] = array_digest(images)
        counts = np.array([len(own) for own in boxes])
        flat = np.concatenate([np.asarray(own, np.float64) for own in boxes])
        digests = array_digest(counts) + array_digest(flat)
        found[f"{name} boxes"] = hashlib.sha256(digests.encode()).hexdigest()
    return as_stored(found)


def as_stored(found: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON gives it back: integers of numpy and tuples would compare as different."""
    plain: dict[str, Any] = json.loads(json.dumps(found, default=_plain))
    return plain


def _beside(options: SearchOptions) -> dict[str, Any]:
    """What a search begins with besides data; None where it is not given."""
    arch, supernet = options.arch, options.supernet
    return {
        "network": arch and hashlib.sha256(arch.to_json().encode()).hexdigest(),
        "initial_weights": _given_digest(options.initial_weights),
        "teacher": _given_digest(options.teacher),
        "supernet": supernet and _file_digest(Path(supernet) / SUPERNET_FILE),
    }


def _given_digest(given: Any) -> str | None:
    """SHA-256 of a Keras model's weights, or of a file; None of nothing."""
    if given is None:
        return None
    given = getattr(given, "model", given)
    if isinstance(given, str | os.PathLike):
        return _file_digest(Path(given))
    if isinstance(given, bytes):
        return hashlib.sha256(given).hexdigest()
    digest = hashlib.sha256()
    for value in given.get_weights() if hasattr(given, "get_weights") else ():
        digest.update(array_digest(np.asarray(value)).encode())
    return digest.hexdigest()


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"


def board_content(board: Board) -> dict[str, Any]:
    """What a board is, whatever it is called."""
    content = dataclasses.asdict(board)
    for name in ("name", "description"):
        content.pop(name)
    return content


def array_digest(array: Array) -> str:
    """SHA-256 of type, shape and all values of an array; memory-mapped ones are read in parts."""
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    rows = max(1, _HASHED_AT_ONCE // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        digest.update(array[start : start + rows].tobytes())
    return digest.hexdigest()


def _weights_digest(weights: Array | None) -> str:
    return "none" if weights is None else array_digest(weights)


def _flat(name: str, value: Any) -> dict[str, Any]:
    """Nested dictionaries as one, `outer.inner`."""
    if not isinstance(value, Mapping):
        return {name: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found.update(_flat(f"{name}.{key}", inner))
    return found


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)


def _refusal(folder: Path, found: Any, question: Mapping[str, Any]) -> str:
    keys = list(dict.fromkeys([*question, *found]))
    differ = [key for key in keys if found.get(key) != question.get(key)]
    named = "; ".join(
        _difference(key, found.get(key), question.get(key)) for key in differ[:_NAMED_DIFFERENCES]
    )
    more = len(differ) - _NAMED_DIFFERENCES
    remedy = "choose another workdir, or restore these"
    if (folder / SUPERNET_FILE).is_file() and all(key.startswith(_TARGET) for key in differ):
        remedy = f"choose another workdir and give supernet='{folder}' to go on with its weights"
    if differ[0] == _VERSION:
        remedy = f"choose another workdir, or go on with mcunet_tf {found[_VERSION]}"
    return (
        f"{folder} holds another search: {named}{f'; {more} more differ' if more > 0 else ''}: "
        f"{remedy}; nothing was changed"
    )


def _difference(key: str, before: Any, now: Any) -> str:
    hashed = any(isinstance(value, str) and len(value) == 64 for value in (before, now))
    nested = isinstance(before, list) or isinstance(now, list)
    return f"{key} differ" if hashed or nested else f"{key} was {before} and is {now}"
