# SPDX-License-Identifier: Apache-2.0
"""Tries a folder of models: which compile, which are exact, how fast and how small they come out.

Each model is tried in a process of its own, so that none can end the others, whatever it does to
the compiler or to the reference kernels.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import math
import multiprocessing
import re
import signal
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mcunet_tf.check.verify import verify_on_host
from mcunet_tf.errors import McunetError, ModelError, OutputError, VerificationError
from mcunet_tf.tinyengine.compiler import CompiledModel, compile_tflite
from mcunet_tf.tinyengine.plan.plan import Group, plan_stages
from mcunet_tf.tinyengine.schedule.nodes import storage_roots

VERDICTS = ("exact", "unverified", "refused", "differs", "crash", "timeout")
"""exact: equal to a reference; unverified: compiled, but no reference runs it."""

FEWEST_MACS = 20_000
"""Below so many, a share of MACs or instructions per MAC says nothing."""

PORTABLE_SHARE = 0.02
"""Of a model's MACs: what a table counts models above of."""

_WHOLE_TENSORS = 1 << 15
_REASONS = 12


@dataclasses.dataclass(frozen=True)
class Trial:
    """What is asked of every model.

    Attributes:
      boards: emulated boards to compile for.
      inputs: random inputs that are compared with the reference on this computer.
      peer: whether each board also runs the model, beside CMSIS-NN.
      timeout_s: after which a model is given up.
    """

    boards: tuple[str, ...] = ("qemu-m4", "qemu-m55")
    inputs: int = 3
    peer: bool = False
    timeout_s: float = 240.0


def score_model(path: Path, trial: Trial) -> dict[str, Any]:
    """The row of one model, tried in this process."""
    row: dict[str, Any] = {"file": path.name, "verdict": "refused", "note": "", "boards": {}}
    try:
        data = path.read_bytes()
        compiled = compile_tflite(data, "host", name="model")
    except (McunetError, OSError) as error:
        return {**row, "note": str(error)}
    try:
        row["note"] = str(verify_on_host(compiled, data, trial.inputs, seed=0))
        row["verdict"] = "exact"
    except VerificationError as error:
        row |= {"verdict": "differs", "note": str(error)}
    except McunetError as error:
        row |= {"verdict": "unverified", "note": str(error)}
    for board in trial.boards:
        row["boards"][board] = _board(path, data, board, trial.peer)
    return row


def _board(path: Path, data: bytes, board: str, peer: bool) -> dict[str, Any]:
    start = time.perf_counter()
    compiled = compile_tflite(data, board, name="model")
    report = compiled.report
    portable = [layer for layer in report.layers if layer.kernel.endswith("_portable")]
    found: dict[str, Any] = {
        "compile_s": round(time.perf_counter() - start, 2),
        "macs": report.macs,
        "portable_macs": sum(layer.macs for layer in portable),
        "instructions": report.instructions,
        "arena_bytes": report.arena_bytes,
        "layer_by_layer_bytes": _layer_by_layer_bytes(compiled),
    }
    return found | (_beside_cmsis_nn(path, board) if peer else {})


def _layer_by_layer_bytes(compiled: CompiledModel) -> int:
    """The arena of the same kernels where every operator runs on whole tensors."""
    nodes = [node for stage in compiled.plan.stages for node in stage.nodes]
    nodes.sort(key=lambda node: node.index)
    groups = [Group(i, i + 1, band_limit=_WHOLE_TENSORS) for i in range(len(nodes))]
    plan = plan_stages(compiled.graph, storage_roots(compiled.graph), nodes, groups)
    return plan.arena_bytes


def _beside_cmsis_nn(path: Path, board: str) -> dict[str, Any]:
    """Counted instructions and SRAM of both, as ratios; {} where one of them cannot run."""
    from mcunet_tf.benchmark.bench import measure

    rows = {
        outcome.row.runtime: outcome.row
        for outcome in measure([path], [board], runtimes=("tinyengine", "cmsis_nn"), inputs=1)
    }
    ours, theirs = rows["tinyengine"], rows["cmsis_nn"]
    if not (ours.instructions and theirs.instructions and ours.sram_bytes and theirs.sram_bytes):
        return {}
    return {
        "cmsis_nn_instructions": theirs.instructions / ours.instructions,
        "cmsis_nn_sram": theirs.sram_bytes / ours.sram_bytes,
    }


def _answer(pipe: Connection, path: Path, trial: Trial) -> None:
    pipe.send(score_model(path, trial))


def score_apart(path: Path, trial: Trial) -> dict[str, Any]:
    """The row of one model, tried in a process that may crash or hang."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(there, path, trial))
    start = time.monotonic()
    process.start()
    there.close()
    row: dict[str, Any] = {"file": path.name, "verdict": "timeout", "note": "", "boards": {}}
    try:
        if here.poll(trial.timeout_s):
            row = here.recv()
    except EOFError:
        process.join()
        code = process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        row |= {"verdict": "crash", "note": f"the process ended by {how}"}
    finally:
        process.kill()
        process.join()
    return {**row, "wall_s": round(time.monotonic() - start, 1)}


def find_models(folder: Path) -> list[Path]:
    """The `.tflite` files below a folder, by name.

    Raises:
        ModelError: there are none.
    """
    models = sorted(folder.rglob("*.tflite")) if folder.is_dir() else []
    if not models:
        raise ModelError(f"{folder}: no .tflite files there; name a folder that holds some")
    return models


def score_folder(
    folder: Path, out: Path, trial: Trial, log: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Scores all models of a folder; rows that `out` holds already are not made again.

    Args:
        folder: a folder of models.
        out: JSON lines, to which each row is added as soon as it is known.
        trial: what is asked of every model.
        log: gets a line per model.

    Raises:
        ModelError: there are no models.
        OutputError: `out` cannot be written, or holds something else.
    """
    models = find_models(folder)
    rows = read_rows(out)
    done = {row["file"] for row in rows}
    for number, path in enumerate(models, 1):
        if path.name in done:
            continue
        row = score_apart(path, trial)
        rows.append(row)
        try:
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise OutputError(
                f"cannot write {out}: {error.strerror}; name another --out"
            ) from error
        log(f"{number}/{len(models)} {row['verdict']:10} {row['wall_s']:5.1f} s  {path.name}")
    names = {path.name for path in models}
    return [row for row in rows if row["file"] in names]


def read_rows(out: Path) -> list[dict[str, Any]]:
    """The rows of an earlier run; none where there was none.

    Raises:
        OutputError: the file holds something else.
    """
    if not out.exists():
        return []
    try:
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        if all({"file", "verdict", "note", "boards"} <= row.keys() for row in rows):
            return rows
    except (OSError, ValueError, AttributeError):
        pass
    raise OutputError(f"{out} holds no rows of scores: name another --out, or remove it")


def score_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the rows say: verdicts, reasons of refusals, and figures by board."""
    counts = collections.Counter(row["verdict"] for row in rows)
    lines = [f"{len(rows)} models: " + ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])]
    reasons = collections.Counter(
        f"{row['verdict']}: {_reason(row['note'])}" for row in rows if row["verdict"] != "exact"
    )
    lines += [f"  {count:4d}  {reason}" for reason, count in reasons.most_common(_REASONS)]
    boards = dict.fromkeys(board for row in rows for board in row["boards"])
    for board in boards:
        lines += _board_lines(board, [r["boards"][board] for r in rows if board in r["boards"]])
    return "\n".join(lines)


def _reason(note: str) -> str:
    """A note without the names of a model's own tensors and layers, so that equal ones count."""
    return re.sub(r"'[^']*'", "'..'", note.split(": ", 1)[-1])[:100]


def _board_lines(board: str, found: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    large = [f for f in found if f["macs"] >= FEWEST_MACS]
    if large:
        above = sum(f["portable_macs"] > PORTABLE_SHARE * f["macs"] for f in large)
        costs = [f["instructions"] / f["macs"] for f in large if f["instructions"]]
        yield (
            f"{board}: {len(large)} models of {FEWEST_MACS:,} MACs or more; {above} with more than "
            f"{100 * PORTABLE_SHARE:.0f} % of them in portable kernels; predicted instructions per "
            f"MAC: median {statistics.median(costs):.2f}, worst {max(costs):.2f}"
        )
    arenas = [f["layer_by_layer_bytes"] / f["arena_bytes"] for f in large if f["arena_bytes"]]
    if arenas:
        yield f"  arena layer by layer / ours: {_spread(arenas)}"
    for name, what in (("cmsis_nn_instructions", "instructions"), ("cmsis_nn_sram", "SRAM")):
        ratios = [f[name] for f in found if name in f]
        if ratios:
            below = sum(ratio < 1 for ratio in ratios)
            yield f"  CMSIS-NN / ours, {what}: {_spread(ratios)}; {below} of {len(ratios)} below 1"


def _spread(ratios: Sequence[float]) -> str:
    mean = math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))
    return f"geometric mean {mean:.2f}, {min(ratios):.2f} to {max(ratios):.2f}"
