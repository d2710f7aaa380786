# SPDX-License-Identifier: Apache-2.0
"""`python -m mcunet_tf.cli.contests`: searches against published networks trained as long.

Every entrant gets the same images, budget and minutes, and is trained by the same recipe: a search
divides its minutes itself, a published network trains for all of them. Minutes are CPU time of the
process, which computes in one thread, so that they mean the same however busy the machine is. Every
finished run is a file, and is not done again; a run that was interrupted goes on from its last
epoch.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from mcunet_tf.cli.command import run_command
from mcunet_tf.cli.quiet import make_folder, stderr_to
from mcunet_tf.errors import DataError, McunetError, require_packages
from mcunet_tf.tinynas.checkpoint import read_json, write_json

SEARCH = "search"
_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_SIZE = re.compile(r"(\d+)k-(\d+)k")


def define_flags() -> None:
    """Declares the command's flags."""
    flags.DEFINE_string(
        "data",
        "cifar10",
        "cifar10, fashion_mnist, or a .npz of x_train, y_train, x_test, y_test and perhaps "
        "x_validation, y_validation.",
    )
    flags.DEFINE_string("budget", "32k-128k", "SRAM and flash, in KiB.")
    flags.DEFINE_float("minutes", 12.0, "CPU time of every entrant.", 0.2)
    flags.DEFINE_list("seeds", ["0", "1", "2"], "Of the runs.")
    flags.DEFINE_list(
        "networks", [], "Published networks to train; list prints those that fit [only the search]."
    )
    flags.DEFINE_bool("search", True, "Whether a search takes part.")
    flags.DEFINE_string(
        "within", None, "A published network whose flash and instructions the search must keep to."
    )
    flags.DEFINE_integer(
        "hop", None, "Rows of time in a call of the searched network, which is streamed.", 1
    )
    flags.DEFINE_integer(
        "instructions", None, "Most instructions of an inference or call of the searched one.", 1
    )
    flags.DEFINE_string("metric", "accuracy", "What is improved: a metric of classes.")
    flags.DEFINE_string("board", "stm32f746", "Board of the cost model.")
    flags.DEFINE_string("results", "results/contests", "Folder of finished runs.")
    flags.DEFINE_string("work", "out/contests", "Folder of checkpoints.")


def main(arguments: Sequence[str]) -> int:
    """Does the runs that are not finished, and prints a line for each."""
    if len(arguments) > 1:
        raise McunetError(f"'{arguments[1]}' is no flag: see --help")
    require_packages("training", "tensorflow", "keras")
    contest = _Contest()
    values = flags.FLAGS
    if values.networks == ["list"]:
        print("\n".join(contest.known))
        return 0
    seeds = _seeds(values.seeds)
    entrants = [SEARCH] * values.search + list(values.networks)
    for entrant in entrants:
        contest.check(entrant)
    work = Path(values.work)
    make_folder(work, "--work")
    make_folder(Path(values.results), "--results")
    with stderr_to(work / "tensorflow.log"):
        _compute_in_one_thread()
        for seed in seeds:
            for entrant in entrants:
                print(_line(contest.run(entrant, seed)), flush=True)
    return 0


class _Contest:
    """Data, budget and published networks of all runs."""

    def __init__(self) -> None:
        values = flags.FLAGS
        found = _SIZE.fullmatch(values.budget)
        if found is None:
            raise McunetError(f"budget '{values.budget}': say SRAM and flash, such as 32k-128k")
        self.label = f"{Path(values.data).stem}-{values.budget}-{values.minutes:g}m"
        self.limits = {
            "sram_bytes": int(found[1]) << 10,
            "flash_bytes": int(found[2]) << 10,
        }
        self.train, self.validation, self.test = _load(values.data)
        self.classes = int(self.train[1].max()) + 1
        self.known = self._known()
        self.asked: dict[str, int] = {}
        if values.within:
            self.asked |= self._needs(self._network(values.within))
        for name in ("hop", "instructions"):
            if getattr(values, name) is not None:
                self.asked[name] = getattr(values, name)

    def check(self, entrant: str) -> None:
        """Raises where an entrant is unknown or does not fit."""
        if entrant != SEARCH:
            self._network(entrant)

    def run(self, entrant: str, seed: int) -> dict[str, Any]:
        """The figures of a run, from its file or by doing it."""
        values = flags.FLAGS
        words = [self.label, str(seed), entrant, *self._said(entrant).replace(",", "").split()]
        name = "-".join(words).replace(" ", "-")
        path = Path(values.results) / f"{name}.json"
        done: dict[str, Any] | None = read_json(path)
        if done is not None:
            return done
        print(f"--- {name}", flush=True)
        figures = self._figures(entrant, seed, Path(values.work) / name)
        write_json(path, figures)
        return figures

    def _said(self, entrant: str) -> str:
        """What binds an entrant besides the budget, in words."""
        values = flags.FLAGS
        said = {
            "within": values.within,
            "hop": values.hop,
            "instructions": values.instructions,
        }
        given = (f"{word} {value}" for word, value in said.items() if value is not None)
        return ", ".join(given) if entrant == SEARCH else ""

    def _figures(self, entrant: str, seed: int, work: Path) -> dict[str, Any]:
        import mcunet_tf
        from mcunet_tf.tinynas.options import SearchOptions
        from mcunet_tf.tinynas.reading import read_images
        from mcunet_tf.tinynas.stages import SearchRun

        values = flags.FLAGS
        limits = self.limits | (self.asked if entrant == SEARCH else {})
        asked: dict[str, Any] = dict(
            board=values.board,
            minutes=values.minutes,
            seed=seed,
            workdir=work,
            metrics=(values.metric,),
            clock=time.process_time,
            network=None if entrant == SEARCH else self._network(entrant),
            **limits,
        )
        with _minutes(work) as spent:
            images = read_images(self.train, self.validation, self.classes, seed)
            result = SearchRun(SearchOptions(**asked), images, work).run()
        x, y = self.test
        measured, compiled = (
            result.evaluate(x, y, on=on).scores[values.metric] for on in ("float", "host")
        )
        winner = next(iter(result.standings), None)
        return {
            "data": Path(values.data).stem,
            "budget": values.budget,
            "minutes": values.minutes,
            "minutes_used": round(spent.minutes, 2),
            "seed": seed,
            "entrant": entrant,
            "limits": self._said(entrant),
            "network": winner.name if winner else entrant,
            "arch": result.arch.to_json(),
            "metric": values.metric,
            "float": measured,
            "int8": compiled,
            "test_images": len(self.test[1]),
            "macs": result.cost.macs,
            "instructions": result.cost.instructions,
            "sram_bytes": result.cost.sram_bytes,
            "flash_bytes": result.cost.flash_bytes,
            "standings": [[s.name, s.macs, s.parameters, list(s.scores)] for s in result.standings],
            "version": mcunet_tf.__version__,
        }

    def _known(self) -> dict[str, Any]:
        """The published networks that fit, each as it is and as wide as fits."""
        from mcunet_tf.boards import load_board
        from mcunet_tf.tinynas.contenders import known_contenders
        from mcunet_tf.tinynas.cost import Budget, keeps

        board, budget = load_board(flags.FLAGS.board), Budget(**self.limits)
        shape = self.train[0].shape[1:]
        shape = (*shape, 1)[:3]
        found = known_contenders(shape, lambda arch: keeps(arch, self.classes, board, budget))
        return {contender.name: contender.arch for contender in found}

    def _network(self, name: str) -> Any:
        if name not in self.known:
            raise McunetError(f"'{name}' does not fit, or is unknown: {', '.join(self.known)} fit")
        return self.known[name]

    def _needs(self, arch: Any) -> dict[str, int]:
        from mcunet_tf.boards import load_board
        from mcunet_tf.tinynas.cost import candidate_cost

        board = load_board(flags.FLAGS.board)
        cost = candidate_cost(arch, self.classes, board, self.limits["sram_bytes"])
        return {"flash_bytes": cost.flash_bytes, "instructions": cost.instructions}


@dataclass
class _Spent:
    """CPU minutes of a run, those of its earlier attempts included."""

    minutes: float


@contextlib.contextmanager
def _minutes(work: Path) -> Iterator[_Spent]:
    """Measures what is done within, and keeps it beside the checkpoints, errors or not."""
    path = work / "spent.json"
    before = (read_json(path) or {"minutes": 0.0})["minutes"]
    spent = _Spent(before)
    started = time.process_time()
    try:
        yield spent
    finally:
        spent.minutes = before + (time.process_time() - started) / 60
        if work.is_dir():  # else nothing was begun
            write_json(path, {"minutes": spent.minutes})


def _seeds(words: Sequence[str]) -> list[int]:
    wrong = next((word for word in words if not word.isdecimal()), None)
    if wrong is not None:
        raise McunetError(f"--seeds: '{wrong}' is no whole number: give some such as 0,1,2")
    return list(map(int, words))


def _compute_in_one_thread() -> None:
    """Threads that wait for one another would count as work."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _load(name: str) -> tuple[Any, Any, Any]:
    """((images, labels) to train on, to validate with or None, to test with)."""
    from mcunet_tf import datasets

    if name in ("cifar10", "fashion_mnist"):
        data = getattr(datasets, f"load_{name}")()
        train = (data.train_images, data.train_labels)
        return train, None, (data.test_images, data.test_labels)
    try:
        stored = dict(np.load(name))
    except (OSError, ValueError) as error:
        raise DataError(f"{name} cannot be read as .npz: {error}") from error
    missing = [array for array in _ARRAYS if array not in stored]
    if missing:
        raise DataError(f"{name} has no array {', '.join(missing)}: see --help")
    pairs = [
        (stored[f"x_{part}"], stored[f"y_{part}"]) if f"x_{part}" in stored else None
        for part in ("train", "validation", "test")
    ]
    return pairs[0], pairs[1], pairs[2]


def _line(figures: dict[str, Any]) -> str:
    return (
        f"{figures['entrant']}, seed {figures['seed']}: {figures['network']}, "
        f"{figures['metric']} {100 * figures['int8']:.2f} % int8 of {figures['test_images']}, "
        f"{figures['instructions'] / 1e6:.2f} M instructions, {figures['sram_bytes']:,} B SRAM, "
        f"{figures['flash_bytes']:,} B flash, {figures['minutes_used']:.1f} minutes"
    )


def run() -> None:
    """Entry point of `python -m`."""
    define_flags()
    run_command(main, __name__, "contests [flags]")


if __name__ == "__main__":
    run()
