# SPDX-License-Identifier: Apache-2.0
"""A small network looks always, and wakes larger ones: the whole in numpy, and as one firmware."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.emit.formats import DEFAULT_FORMATS
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.firmware import Firmware, combine
from mcunet_tf.vision.beside import with_parts
from mcunet_tf.vision.camera import Camera, read_camera
from mcunet_tf.vision.cascade_stage import CascadeStage, Wakefulness
from mcunet_tf.vision.checks import require
from mcunet_tf.vision.decoder import Decoder
from mcunet_tf.vision.emit_boxes import box_part
from mcunet_tf.vision.emit_camera import camera_part
from mcunet_tf.vision.emit_cascade import cascade_part

_MOST_STAGES = 8
Measure = Callable[[int], int]
"""The score of a stage in this moment, as an integer; called only where the stage runs."""


@dataclass(frozen=True, eq=False)
class Watched:
    """What a cascade did, moment by moment.

    Attributes:
        scores: what each stage said, int32 [moments, stages]; 0 where it did not run.
        ran: which stages ran, bool [moments, stages].
        levels: stages that were awake behind each moment, from the first on, int32 [moments]. Where
            it is the number of stages, the whole says that somebody is there.
    """

    scores: npt.NDArray[np.int32]
    ran: npt.NDArray[np.bool_]
    levels: npt.NDArray[np.int32]

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """Whether the whole says that somebody is there, bool [moments]."""
        said: npt.NDArray[np.bool_] = self.levels == self.ran.shape[1]
        return said


@dataclass(frozen=True, eq=False)
class Cascade:
    """Stages that wake one another; `cascade` makes it.

    Attributes:
        name: C prefix.
        stages: the first one runs in every moment.
        firmware: all networks with what goes on between them, as C. Its memory is that of the
            largest network, as they run in turn.
    """

    name: str
    stages: tuple[CascadeStage, ...]
    firmware: Firmware

    def begin(self) -> tuple[Wakefulness, ...]:
        """The state before the first moment: all asleep."""
        return (Wakefulness(),) * len(self.stages)

    def moment(
        self, states: Sequence[Wakefulness], measure: Measure
    ) -> tuple[tuple[Wakefulness, ...], int, list[int]]:
        """One look.

        Args:
            states: those behind the moment before.
            measure: gives a stage's score; called for those that run, in their order.

        Returns:
            The new states, how many stages are awake, and the scores of those that ran.
        """
        made, scores = list(self.begin()), []
        for number, stage in enumerate(self.stages):
            score = measure(number)
            scores.append(score)
            made[number] = stage.thresholds.after(states[number], score)
            # Whoever was awake behind a stage that sleeps has nobody to wake it: it begins anew.
            if not made[number].awake:
                return tuple(made), number, scores
        return tuple(made), len(self.stages), scores

    def follow(self, measures: Iterable[Measure]) -> Watched:
        """What the cascade does from moment to moment.

        Args:
            measures: of each moment what gives a stage's score.
        """
        states, rows, levels = self.begin(), [], []
        for measure in measures:
            states, level, scores = self.moment(states, measure)
            rows.append(scores)
            levels.append(level)
        shape = (len(rows), len(self.stages))
        scores_made, ran = np.zeros(shape, np.int32), np.zeros(shape, bool)
        for n, row in enumerate(rows):
            scores_made[n, : len(row)], ran[n, : len(row)] = row, True
        return Watched(scores_made, ran, np.array(levels, np.int32))

    def watch(self, moments: Iterable[Sequence[Any]]) -> Watched:
        """What the cascade does with what its networks are given.

        Args:
            moments: of each, for every stage in order: the input of its network as the C takes it,
                or of a larger system its score, 0 to 1; a function without arguments that gives it
                is called only where the stage runs.

        Raises:
            VisionError: a moment has more or fewer values than there are stages, or an input is of
                another shape.
        """
        return self.follow(self._measures(moments))

    def _measures(self, moments: Iterable[Sequence[Any]]) -> Iterator[Measure]:
        for n, moment in enumerate(moments):
            count = len(self.stages)
            require(
                len(moment) == count,
                f"moment {n} has {len(moment)} values for {count} stages: give one for each",
            )
            yield functools.partial(self._given_score, moment)

    def _given_score(self, moment: Sequence[Any], number: int) -> int:
        return self._score(number, moment[number])

    def _score(self, number: int, given: Any) -> int:
        stage = self.stages[number]
        value = given() if callable(given) else given
        if stage.model is None:
            return stage.measured(value)
        info, array = stage.model.inputs[0], np.asarray(value)
        require(
            array.size == int(np.prod(info.shape)) and array.dtype == np.dtype(info.dtype),
            f"{stage.name}: takes {info.dtype} {list(info.shape)}, not {array.dtype} "
            f"{list(array.shape)}: quantise and scale images first",
        )
        return stage.measured(evaluate(stage.model.graph, [array.reshape(info.shape)]))

    def emit(self, folder: str | Path) -> None:
        """Writes the firmware.

        Raises:
            OutputError: the folder cannot be written or holds something else.
        """
        self.firmware.write(folder)


def cascade(
    stages: Sequence[CascadeStage],
    name: str = "eyes",
    *,
    camera: Camera | str | None = None,
    formats: str | Sequence[str] = DEFAULT_FORMATS,
    sram_budget_bytes: int | None = None,
    output_dir: str | os.PathLike[str] | None = None,
) -> Cascade:
    """Joins stages to one that always looks, and wakes the next one only where it sees something.

    Networks share one arena, kernels and equal constants. `<name>_cascade.h` has the functions: in
    each moment `<name>_look` runs the first stage, the next one where that is awake, and so on.

    Example:
        >>> glance = CascadeStage(small, score=(0, 1), wake=0.6, sleep=0.4, down=3)
        >>> eyes = cascade([glance, CascadeStage(large, score=decoder)], camera="rgb565:320x240")
        >>> eyes.emit("out/eyes")

    Args:
        stages: from the smallest on; the last one says whether somebody is there. Networks are
            compiled for one board, each under a name of its own.
        name: C prefix.
        camera: put in front of each network, which then takes a frame of its own.
        formats: as `compile_tflite`.
        sram_budget_bytes: the most that the arena may take.
        output_dir: where to write the project, if anywhere.

    Raises:
        VisionError: stages do not fit together, a camera or a decoder not its network.
        ModelError: networks of several boards, or of one name.
        BudgetError: the arena is larger than the budget.
        OutputError: the folder cannot be written.
    """
    given = tuple(stages)
    require(
        1 < len(given) <= _MOST_STAGES and all(isinstance(stage, CascadeStage) for stage in given),
        f"stages: give a list of 2 to {_MOST_STAGES} CascadeStage",
    )
    require(given[0].model is not None, "the first stage runs on this chip: give it a model")
    names = [stage.name for stage in given]
    doubled = sorted({n for n in names if names.count(n) > 1})
    require(not doubled, f"two stages are called '{doubled[0] if doubled else ''}': rename one")
    for stage in given:
        assert stage.thresholds  # raises where it never wakes
    sensor = read_camera(camera) if isinstance(camera, str) else camera
    whole = tuple(_complete(stage, sensor) for stage in given)
    models = [stage.model for stage in whole if stage.model is not None]
    firmware = combine(
        models,
        name,
        formats=formats,
        sram_budget_bytes=sram_budget_bytes,
        output_dir=output_dir,
        parts=[cascade_part(name, whole)],
    )
    return Cascade(name, whole, firmware)


def _complete(stage: CascadeStage, camera: Camera | None) -> CascadeStage:
    """The stage with what lies beside its network."""
    if stage.model is None:
        return stage
    parts = [box_part(stage.score)] if isinstance(stage.score, Decoder) else []
    if camera is not None:
        parts.append(camera_part(camera))
    return stage.with_model(with_parts(stage.model, parts)) if parts else stage
