# SPDX-License-Identifier: Apache-2.0
"""A stage of a cascade: a network or a larger system, its score, and when it wakes the next one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.compiler import CompiledModel
from mcunet_tf.vision import boxes, tables
from mcunet_tf.vision.checks import require, require_choice, require_real, require_whole
from mcunet_tf.vision.decoder import Decoder

ACTIVATIONS = ("linear", "sigmoid", "softmax")
_RANGES = {"int8": (-128, 127), "uint8": (0, 255)}
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_MOST = 100_000
_LEAST = 1 / 32768


@dataclass(frozen=True)
class Wakefulness:
    """What is remembered of a stage from one moment to the next.

    Attributes:
        awake: whether the next stage runs.
        run: moments in a row that spoke for a change.
    """

    awake: bool = False
    run: int = 0


@dataclass(frozen=True)
class Thresholds:
    """The C form of when a stage wakes: `struct vision_stage`."""

    wake: int
    sleep: int
    up: int
    down: int

    def after(self, state: Wakefulness, score: int) -> Wakefulness:
        """The state behind a moment of this score; `vision_wake_portable` does the same."""
        speaks = score < self.sleep if state.awake else score >= self.wake
        run = state.run + 1 if speaks else 0
        if run >= (self.down if state.awake else self.up):
            return Wakefulness(not state.awake, 0)
        return Wakefulness(state.awake, run)


@dataclass(frozen=True, eq=False)
class CascadeStage:
    """One step of a cascade.

    A stage that sleeps wakes when its score has been `wake` or more for `up` moments in a row; one
    that is awake falls asleep when it has been below `sleep` for `down` moments in a row. The next
    stage runs in every moment in which this one is awake.

    Attributes:
        model: what `compile_tflite` gave, of one input; None for a larger system, which is asked by
            a callback and gives a score from 0 to 1.
        score: a `Decoder`: the score of the best box, 0 where there is none; or an output, by
            number or name, and the value that is meant.
        wake: the least score that speaks for somebody.
        sleep: scores below speak against it; `wake` by default. Less than `wake` is hysteresis.
        up: moments in a row that wake.
        down: moments in a row that let sleep.
        activation: what makes a score of an output's value: "linear" where it is that already,
            "sigmoid", or "softmax" over the two values of an output.
        label: of a decoder's boxes, those of this label alone count; None counts all.
        name: of a larger system; a model has its own.
        milliwatts: what a larger system takes while it runs.
        seconds: how long a larger system takes for a moment.

    Raises:
        VisionError: a setting cannot be computed; the message says what can.
    """

    model: CompiledModel | None
    score: Decoder | tuple[int | str, int] = (0, 0)
    wake: float = 0.5
    sleep: float | None = None
    up: int = 1
    down: int = 1
    activation: str = "linear"
    label: int | None = None
    name: str = ""
    milliwatts: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        known = self.model is None or isinstance(self.model, CompiledModel)
        require(
            known, f"model={type(self.model).__name__}: give what compile_tflite makes, or None"
        )
        name = self.model.name if self.model is not None else self.name
        require(
            self.model is None or self.name in ("", name),
            f"name={self.name!r}: the model is called {name!r}: leave name out",
        )
        require(
            self.model is not None or (isinstance(name, str) and bool(_NAME.match(name))),
            f"name={name!r}: give a stage without a model a name of small letters",
        )
        object.__setattr__(self, "name", name)
        require_real(f"{name}: wake", self.wake, _LEAST, 1)
        if self.sleep is None:
            object.__setattr__(self, "sleep", self.wake)
        require_real(f"{name}: sleep", self.sleep, _LEAST, 1)
        assert self.sleep is not None
        require(
            self.sleep <= self.wake,
            f"{name}: sleep={self.sleep} is above wake={self.wake}: it would wake and fall asleep "
            "at one score: give less",
        )
        require_whole(f"{name}: up", self.up, 1, _MOST, " moments")
        require_whole(f"{name}: down", self.down, 1, _MOST, " moments")
        require_choice(f"{name}: activation", self.activation, ACTIVATIONS)
        for what, most in (("milliwatts", 1e6), ("seconds", 1e4)):
            value = getattr(self, what)
            require(
                value is None or self.model is None,
                f"{name}: {what}={value}: a model's are computed: leave it out",
            )
            if value is not None:
                require_real(f"{name}: {what}", value, 0, most)
        self._check_score()

    def _check_score(self) -> None:
        if self.model is None:
            require(self.score == (0, 0), f"{self.name}: has no outputs: leave score out")
            return
        model = self.model
        one = len(model.inputs) == 1 and not model.state_bytes
        require(one, f"{self.name}: give a model of one input that remembers nothing")
        if isinstance(self.score, Decoder):
            classes = self.score.classes
            if self.label is not None:
                require_whole(f"{self.name}: label", self.label, 0, classes - 1)
            least = self.score.threshold
            assert self.sleep is not None
            require(
                self.sleep >= least,
                f"{self.name}: sleep={self.sleep} is below the decoder's threshold of {least}, "
                "under which there are no boxes: raise one, or lower the other",
            )
            return
        require(self.label is None, f"{self.name}: label belongs to a decoder: leave it out")
        place = isinstance(self.score, tuple) and len(self.score) == 2
        require(
            place, f"{self.name}: score={self.score!r}: give a Decoder, or an output and a value"
        )
        info, index = self.output, self.score[1]
        size = int(np.prod(info.shape))
        require(
            info.dtype in _RANGES,
            f"{self.name}: output '{info.name}' is {info.dtype}: quantise the model as a whole",
        )
        require_whole(f"{self.name}: value of output '{info.name}'", index, 0, size - 1)
        require(
            self.activation != "softmax" or size == 2,
            f"{self.name}: softmax over {size} values: give an output of two, or of probabilities",
        )

    @property
    def output(self) -> Any:
        """The output that holds the score, of a stage whose score is a value."""
        assert self.model is not None and not isinstance(self.score, Decoder)
        outputs, place = self.model.outputs, self.score[0]
        names = [info.name for info in outputs]
        number = names.index(place) if isinstance(place, str) and place in names else place
        found = isinstance(number, int) and 0 <= number < len(outputs)
        require(found, f"{self.name}: no output {place!r}: the model has {', '.join(names)}")
        assert isinstance(number, int)
        return outputs[number]

    @property
    def output_number(self) -> int:
        """The number of `output`."""
        assert self.model is not None
        return self.model.outputs.index(self.output)

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds as integers of what the C compares.

        Raises:
            VisionError: no value of the output reaches `wake`.
        """
        assert self.sleep is not None
        limits = [self._limit(share) for share in (self.wake, self.sleep)]
        return Thresholds(limits[0], limits[1], self.up, self.down)

    def _limit(self, share: float) -> int:
        """The least integer whose score is that share or more."""
        if self.model is None or isinstance(self.score, Decoder):
            return min(int(np.ceil(share * (1 << 15))), tables.ONE)
        info = self.output
        low, high = _RANGES[info.dtype]
        scale, zero = float(np.float32(info.scale or 1.0)), int(info.zero_point or 0)
        if self.activation == "softmax":
            steps = np.arange(low - high, high - low + 1)
            real = tables.sigmoid(steps * scale)
        else:
            steps = np.arange(low, high + 1)
            real = tables.score_function(self.activation)((steps - zero) * scale)
        reached = np.flatnonzero(real >= share - 1e-12)
        require(
            len(reached) > 0,
            f"{self.name}: wake={share} is never reached: output '{info.name}' gives at most "
            f"{real[-1]:.4g}: lower it, or name the activation",
        )
        return int(steps[reached[0]])

    def measured(self, given: Sequence[Any] | float) -> int:
        """The score as the C has it.

        Args:
            given: the model's outputs of a moment; of a larger system its score, 0 to 1.
        """
        if self.model is None:
            require_real(f"{self.name}: score", given, 0, 1)
            return int(tables.shares(np.array(float(given))))  # type: ignore[arg-type]
        assert not isinstance(given, float | int)
        if isinstance(self.score, Decoder):
            found = boxes.detect(self.score, given, self.model.outputs)
            if self.label is not None:
                found = found[found["label"] == self.label]
            return int(found["score"][0]) if len(found) else 0
        values = np.asarray(given[self.output_number]).reshape(-1).astype(np.int64)
        index = self.score[1]
        other = values[1 - index] if self.activation == "softmax" else 0
        return int(values[index] - other)

    def with_model(self, model: CompiledModel) -> CascadeStage:
        """The same stage with its model in another form."""
        return dataclasses.replace(self, model=model)
