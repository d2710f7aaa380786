# SPDX-License-Identifier: Apache-2.0
"""A search's result on disk: files that others read, and one that puts them together again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from mcunet_tf.boards import Board, load_board
from mcunet_tf.errors import BoardError, McunetError, SearchError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.checkpoint import read_state, write_state
from mcunet_tf.tinynas.cost import Budget, Cost
from mcunet_tf.tinynas.ear import Ear, ear_of
from mcunet_tf.tinynas.halving import Standing
from mcunet_tf.tinynas.identity import board_content
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.pareto import ParetoPoint
from mcunet_tf.tinynas.search_page import Found
from mcunet_tf.tinynas.task import Task

RESULT_FILE = "result.json"
MODEL_FILE = "model.keras"
FLATBUFFER_FILE = "model.tflite"


def write_result(folder: Path, result: Found) -> None:
    """Writes what is not in the model's own files.

    Raises:
        OutputError: the folder cannot be written.
    """
    task = result.objective.task
    content = {
        "arch": result.arch.to_json(),
        "num_classes": result.num_classes,
        "scores": result.scores,
        "task": {
            "head": task.head,
            "loss": task.loss if isinstance(task.loss, str) else None,
            "metrics": [metric for metric in task.metrics if isinstance(metric, str)],
        },
        "mean": result.objective.mean,
        "deviation": result.objective.deviation,
        "class_weights": result.objective.class_weights,
        "cost": dataclasses.asdict(result.cost),
        "budget": dataclasses.asdict(result.budget),
        "board": {"name": result.board.name, "content": _plain(board_content(result.board))},
        "ear": None if result.ear is None else result.ear.settings(),
        "history": result.history,
        "pareto": [[p.arch.to_json(), p.score, p.macs] for p in result.pareto],
        "standings": [
            {**dataclasses.asdict(s), "arch": s.arch.to_json()} for s in result.standings
        ],
    }
    write_state(folder / RESULT_FILE, _plain(content))


def read_fields(folder: Path, board: str | Board | None) -> dict[str, Any]:
    """The fields of the `SearchResult` that a finished search left; see its `load`."""
    content = read_state(folder / RESULT_FILE)
    if content is None:
        raise SearchError(
            f"{folder} holds no finished search ({RESULT_FILE} is missing): run the search in it "
            "to its end"
        )
    try:
        return _fields(folder, content, board)
    except McunetError:
        raise
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise SearchError(f"{folder} is damaged ({error}): run the search in it again") from error


def _fields(folder: Path, content: dict[str, Any], board: str | Board | None) -> dict[str, Any]:
    import keras

    kept = content["task"]
    task = Task(kept["head"], kept["loss"], tuple(kept["metrics"]))
    ranges = (tuple(content[name]) for name in ("class_weights", "mean", "deviation"))
    model = keras.models.load_model(folder / MODEL_FILE, compile=False)
    return {
        "arch": Arch.from_json(content["arch"]),
        "model": model,
        "num_classes": content["num_classes"],
        "scores": content["scores"],
        "objective": Objective(content["num_classes"], task, *ranges),
        "cost": Cost(**content["cost"]),
        "budget": Budget(**content["budget"]),
        "board": _board(content["board"], board),
        "ear": ear_of(content.get("ear")),
        "history": content["history"],
        "pareto": tuple(
            ParetoPoint(Arch.from_json(arch), score, macs)
            for arch, score, macs in content["pareto"]
        ),
        "spaces": (),
        "chosen": 0,
        "flatbuffer": (folder / FLATBUFFER_FILE).read_bytes(),
        "standings": tuple(
            Standing(**{**row, "arch": Arch.from_json(row["arch"]), "scores": tuple(row["scores"])})
            for row in content["standings"]
        ),
    }


def read_ear(folder: Path) -> tuple[Path, Ear | None, int | None]:
    """(int8 file, ear, hop) of a finished search, for what needs no TensorFlow.

    Raises:
        SearchError: the folder holds none, or is damaged.
    """
    content = read_state(folder / RESULT_FILE)
    if content is None:
        raise SearchError(
            f"{folder} holds no finished search ({RESULT_FILE} is missing): run the search in it "
            "to its end"
        )
    hop = content["budget"].get("hop")
    return folder / FLATBUFFER_FILE, ear_of(content.get("ear")), hop


def _board(stored: dict[str, Any], given: str | Board | None) -> Board:
    if given is not None:
        return load_board(given) if isinstance(given, str) else given
    name = stored["name"]
    try:
        board = load_board(name)
    except BoardError as error:
        raise BoardError(f"the search's board '{name}' is not known: give board=") from error
    if _plain(board_content(board)) != stored["content"]:
        raise BoardError(
            f"board '{name}' is no longer what the search was made for: give board= to go on with "
            "another one"
        )
    return board


def _plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
