# SPDX-License-Identifier: Apache-2.0
"""Everything that a search was asked for, as one value that is checked when it is made."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mcunet_tf.boards import Board, load_board
from mcunet_tf.errors import BoardError, BudgetError, SearchError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.checks import check_real, check_whole, is_real, shown
from mcunet_tf.tinynas.cost import Budget
from mcunet_tf.tinynas.effort import Effort
from mcunet_tf.tinynas.protocols import Callback, Strategy
from mcunet_tf.tinynas.published import published_arch
from mcunet_tf.tinynas.recipe import Recipe
from mcunet_tf.tinynas.space import Space
from mcunet_tf.tinynas.task import Task

QUANTIZATIONS = ("ptq", "qat")
CALLBACK_STAGES = ("supernet", "rounds", "final")
"""A list of callbacks is for the first and the last: rounds train many networks."""

LEAST_MINUTES = 0.2


@dataclasses.dataclass(frozen=True)
class SearchOptions:
    """The arguments of `mcunet_tf.search` but for the data; see there what they mean.

    Attributes:
        board: name or description of the target.
        sram_bytes: the most bytes that the arena may take; None leaves it to the board.
        flash_bytes: the most bytes that weights and code may take; None leaves it to the board.
        latency_ms: the longest modelled time of one inference; None sets no limit.
        instructions: the most instructions of one inference; None sets no limit.
        hop: rows of time that a call of the streamed network takes; None: whole windows.
        minutes: time for everything; None trains by `epochs`.
        epochs: epochs of the final training.
        supernet_epochs: epochs of the supernet; None takes `epochs`, 0 trains no supernet.
        seed: seed of all randomness.
        workdir: folder of checkpoints and logs; None takes a temporary one.
        callbacks: Keras callbacks of supernet and final training, or a dictionary of those of each
            stage, one of `CALLBACK_STAGES`.
        strategy: how training is distributed; None trains on the default device.
        executor: workers for evaluations; None evaluates in this process.
        quantization: one of `QUANTIZATIONS`.
        recipe: how to train.
        effort: how much to look at.
        spaces: search spaces to choose from; None takes all that the size of the images gives.
        verbose: whether progress is printed.
        head: what the targets are, one of `task.HEADS`.
        loss: name of a loss or a function; None takes the head's default.
        metrics: names of metrics or functions, the first of which is maximised; empty takes the
            head's default.
        class_weight: weights of classes in the loss, or "balanced".
        network: the network to train, where nothing is searched.
        initial_weights: what its training begins with; see `initial.read_initial`.
        teacher: a Keras model that the final training, or that of networks side by side, learns
            from beside the targets.
        supernet: working folder of an earlier search, whose supernet is taken.
        clock: gives the seconds that `minutes` are counted in; experiments on a machine that does
            other things too count its own work.

    Raises:
        BoardError: the board is unknown.
        BudgetError: a budget is no number above 0.
        SearchError: another argument is out of range, or of another type.
    """

    board: str | Board = "stm32f746"
    sram_bytes: int | None = None
    flash_bytes: int | None = None
    latency_ms: float | None = None
    minutes: float | None = None
    epochs: int = 40
    supernet_epochs: int | None = None
    seed: int = 0
    workdir: str | os.PathLike[str] | None = None
    callbacks: Sequence[Callback] | Mapping[str, Sequence[Callback]] = ()
    strategy: Strategy | None = None
    executor: concurrent.futures.Executor | None = None
    quantization: str = "ptq"
    recipe: Recipe = dataclasses.field(default_factory=Recipe)
    effort: Effort = dataclasses.field(default_factory=Effort)
    spaces: Sequence[Space] | None = None
    verbose: bool = True
    head: str = "classes"
    loss: str | Callable[..., Any] | None = None
    metrics: Sequence[str | Callable[..., float]] = ()
    class_weight: Mapping[int, float] | str | None = None
    network: Arch | str | None = None
    initial_weights: Any = None
    teacher: Any = None
    supernet: str | os.PathLike[str] | None = None
    instructions: int | None = None
    hop: int | None = None
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        if not isinstance(self.board, str | Board):
            raise BoardError(f"board = {shown(self.board)}: give a board's name, or a Board")
        assert self.target  # raises where the board is unknown
        _check_budgets(self)
        check_whole("epochs", self.epochs, 1)
        _check_minutes(self)
        if self.supernet_epochs is not None:
            check_whole("supernet_epochs", self.supernet_epochs, 0)
        check_whole("seed", self.seed, 0)
        if self.quantization not in QUANTIZATIONS:
            raise SearchError(
                f"quantization {shown(self.quantization)} is unknown: use one of {QUANTIZATIONS}"
            )
        assert self.task  # raises where it contradicts itself
        _check_objects(self)
        _check_spaces(self.spaces)
        _check_network(self)

    @functools.cached_property
    def target(self) -> Board:
        """The board as a value."""
        return load_board(self.board) if isinstance(self.board, str) else self.board

    @functools.cached_property
    def budget(self) -> Budget:
        """What must be kept: the least of what the board has and what was asked for."""
        has = Budget.of_board(self.target)
        sram_bytes = _least(self.sram_bytes, has.sram_bytes)
        flash_bytes = _least(self.flash_bytes, has.flash_bytes)
        return Budget(sram_bytes, flash_bytes, self.latency_ms, self.instructions, self.hop)

    @functools.cached_property
    def task(self) -> Task:
        """What is to be learnt."""
        metrics = self.metrics
        if isinstance(metrics, str) or callable(metrics):
            metrics = (metrics,)
        if not isinstance(metrics, list | tuple):
            raise SearchError(f"metrics = {shown(metrics)}: give a list of names or functions")
        return Task(self.head, self.loss, tuple(metrics), self.class_weight)

    @functools.cached_property
    def arch(self) -> Arch | None:
        """The network to train; None where one is searched."""
        if isinstance(self.network, str):
            return published_arch(self.network)
        return self.network

    def stage_callbacks(self, stage: str) -> Sequence[Callback]:
        """The callbacks of one of `CALLBACK_STAGES`."""
        if isinstance(self.callbacks, Mapping):
            return self.callbacks.get(stage, ())
        return () if stage == "rounds" else self.callbacks

    @property
    def supernet_length(self) -> int:
        """Epochs of the supernet."""
        return self.epochs if self.supernet_epochs is None else self.supernet_epochs


def _least(asked: int | None, limit: int | None) -> int | None:
    known = [value for value in (asked, limit) if value is not None]
    return min(known) if known else None


def _check_budgets(options: SearchOptions) -> None:
    if options.hop is not None:
        check_whole("hop", options.hop, 1)
    for name in ("sram_bytes", "flash_bytes", "latency_ms", "instructions"):
        value = getattr(options, name)
        if value is None:
            continue
        if not is_real(value) or not value > 0:
            raise BudgetError(
                f"{name} = {shown(value)}: a budget must be a number above 0, or None for what "
                "the board has"
            )
        if name != "latency_ms" and value != int(value):
            unit = "instructions" if name == "instructions" else "bytes"
            raise BudgetError(f"{name} = {shown(value)}: give whole {unit}")


def _check_minutes(options: SearchOptions) -> None:
    if options.minutes is None:
        return
    check_real("minutes", options.minutes, LEAST_MINUTES)
    if options.supernet_epochs:
        raise SearchError(
            "minutes and supernet_epochs are two ways to search: give minutes to train networks "
            "side by side, or epochs and supernet_epochs to train a supernet"
        )
    resolver = getattr(options.strategy, "cluster_resolver", None)
    if getattr(resolver, "task_type", None):
        raise SearchError(
            "the processes of a cluster would measure other times: give epochs instead of minutes"
        )


def _check_objects(options: SearchOptions) -> None:
    """Makes sure that arguments which are objects are of the kind that is needed."""
    if options.workdir is not None and not isinstance(options.workdir, str | os.PathLike):
        raise SearchError(f"workdir = {shown(options.workdir)}: give the path of a folder")
    if options.workdir is not None and Path(options.workdir).is_file():
        raise SearchError(f"workdir {options.workdir} is a file: name a folder")
    if not isinstance(options.recipe, Recipe):
        raise SearchError(
            f"recipe = {shown(options.recipe)}: give a Recipe, such as "
            "mcunet_tf.Recipe(learning_rate=0.05)"
        )
    if not isinstance(options.effort, Effort):
        raise SearchError(
            f"effort = {shown(options.effort)}: give an Effort, such as mcunet_tf.Effort.quick()"
        )
    _check_callbacks(options.callbacks)
    if options.executor is not None and not hasattr(options.executor, "submit"):
        raise SearchError(
            f"executor = {shown(options.executor)}: give a concurrent.futures.Executor"
        )
    if options.strategy is not None and not hasattr(options.strategy, "num_replicas_in_sync"):
        raise SearchError(f"strategy = {shown(options.strategy)}: give a tf.distribute strategy")


def _check_callbacks(given: Any) -> None:
    by_stage = given if isinstance(given, Mapping) else {"supernet": given}
    unknown = [stage for stage in by_stage if stage not in CALLBACK_STAGES]
    if unknown:
        raise SearchError(
            f"callbacks for {shown(unknown[0])}: the stages that train are {CALLBACK_STAGES}"
        )
    for callbacks in by_stage.values():
        if not isinstance(callbacks, list | tuple) or not all(map(_is_callback, callbacks)):
            raise SearchError(f"callbacks = {shown(callbacks)}: give a list of Keras callbacks")


def _is_callback(given: object) -> bool:
    return hasattr(given, "on_epoch_end") and not isinstance(given, type)


def _check_network(options: SearchOptions) -> None:
    network = options.network
    if network is not None and not isinstance(network, Arch | str):
        raise SearchError(
            f"network = {shown(network)}: give an Arch, such as result.pareto[0].arch, or the name "
            "of a published network"
        )
    assert options.arch or network is None  # raises where the name is unknown
    if options.initial_weights is not None and network is None:
        raise SearchError(
            "initial_weights belong to one network: name it, network=result.arch for instance"
        )
    if network is not None and options.supernet is not None:
        raise SearchError(
            "network and supernet are two ways: give the network to train, or the folder of a "
            "supernet to look for another one in"
        )
    teacher = options.teacher
    if teacher is not None and not (callable(teacher) and hasattr(teacher, "layers")):
        raise SearchError(f"teacher = {shown(teacher)}: give a trained Keras model")
    if options.supernet is None:
        return
    if not isinstance(options.supernet, str | os.PathLike):
        raise SearchError(
            f"supernet = {shown(options.supernet)}: give the working folder of a search"
        )
    if options.minutes is not None:
        raise SearchError(
            "a supernet is searched by evolution, and the network found trains for epochs: leave "
            "minutes out"
        )


def _check_spaces(spaces: Sequence[Space] | None) -> None:
    if spaces is None:
        return
    if not isinstance(spaces, list | tuple) or not all(isinstance(s, Space) for s in spaces):
        raise SearchError(
            f"spaces = {shown(spaces)}: give a list of Space, such as "
            "mcunet_tf.tinynas.all_spaces(image_shape)"
        )
    if not spaces:
        raise SearchError("spaces is empty: give at least one Space, or None for all")
