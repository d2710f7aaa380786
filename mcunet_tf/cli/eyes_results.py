# SPDX-License-Identifier: Apache-2.0
"""What `demo_eyes` measures: boxes of test scenes, a sequence, a board's run, an hour's energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.check.reference import Reference
from mcunet_tf.cli.eyes_runs import Looked, look_on_board, look_on_host
from mcunet_tf.cli.eyes_scenes import Scenes, frames
from mcunet_tf.detection import box_scores, precision_recall
from mcunet_tf.errors import VerificationError
from mcunet_tf.tinyengine.compiler import TensorInfo
from mcunet_tf.vision import (
    CURVE,
    Camera,
    Cascade,
    CascadeStage,
    Decoder,
    Energy,
    Judged,
    Watched,
    detect,
    energy,
    judge,
    path_to,
    see,
)
from mcunet_tf.vision.decoder import with_threshold

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Seen:
    """Test scenes as the larger network sees them.

    Attributes:
        inputs: its int8 inputs, from the camera.
        boxes: what the board would find.
        all_boxes: those of little confidence too, of the int8 file.
        float_boxes: the same of the float32 network.
        heat: scores of all cells, 0 to 1, [n, rows, columns].
    """

    inputs: list[Array]
    boxes: list[Array]
    all_boxes: list[Array]
    float_boxes: list[Array]
    heat: Array

    @classmethod
    def of(
        cls,
        eye: Any,
        stage: CascadeStage,
        camera: Camera,
        sent: Sequence[Array],
        more: tuple[float, int],
    ) -> Seen:
        """Runs frames through camera, network and decoder, in int8 and in float32."""
        decoder, model = stage.score, stage.model
        assert isinstance(decoder, Decoder) and model is not None
        inputs = inputs_of_frames(stage, camera, sent)
        outputs = Reference(eye.file).run([(image,) for image in inputs])
        every = with_threshold(decoder, *more)
        info = model.inputs[0]
        real = np.concatenate(inputs).astype(np.float32) - (info.zero_point or 0)
        known = eye.model.predict(real * np.float32(info.scale), verbose=0)
        infos = [
            TensorInfo(str(k), (1, *o.shape[1:]), "float32", 1.0, 0) for k, o in enumerate(known)
        ]
        floats = [[output[n : n + 1] for output in known] for n in range(len(inputs))]
        own = with_threshold(eye.task.decoder, *more)
        return cls(
            inputs,
            [detect(decoder, one, model.outputs) for one in outputs],
            [detect(every, one, model.outputs) for one in outputs],
            [detect(own, one, infos) for one in floats],
            _heat(decoder, model.outputs, outputs),
        )


def inputs_of_frames(stage: CascadeStage, camera: Camera, sent: Sequence[Array]) -> list[Array]:
    """What a stage's network is given of frames, int8 [1, height, width, 1]."""
    assert stage.model is not None
    info = stage.model.inputs[0]
    path = path_to(camera, info)
    return [see(path, frame).reshape(info.shape) for frame in sent]


def _heat(decoder: Decoder, infos: Any, outputs: Sequence[Any]) -> Array:
    number = int(decoder.heads[0].scores[0])
    info = infos[number]
    raw = np.stack([np.asarray(one[number])[0, ..., 0] for one in outputs]).astype(np.float64)
    real: Array = 1 / (1 + np.exp(-(raw - (info.zero_point or 0)) * info.scale))
    return real


@dataclass(eq=False)
class Results:
    """All of it, filled step by step.

    Attributes:
        eyes: the networks, the small one first.
        cascade: both, for the emulated board.
        camera: in front of them.
        test: scenes with their boxes.
        seen: what was found in them.
        images: a sequence, moment by moment.
        present: whether somebody is there, by moment.
        figures: numbers by name.
        watched: what the cascade did in the sequence.
        judged: how good that was.
        board: the emulated board's name.
        looked: what it made of some frames.
        energies: an hour at some presences, and at many, for a curve.
    """

    eyes: Any
    cascade: Cascade
    camera: Camera
    test: Scenes
    seen: Seen
    images: Array
    present: Array
    figures: dict[str, Any]
    watched: Watched | None = None
    judged: Judged | None = None
    board: str = ""
    looked: Looked | None = None
    energies: tuple[Energy, Energy] | None = None
    curves: list[tuple[str, Array, Array]] = field(default_factory=list)

    def __post_init__(self) -> None:
        truth, seen = self.test.boxes, self.seen
        for form, found in (("int8", seen.all_boxes), ("float", seen.float_boxes)):
            scores = box_scores(found, truth, 1)
            self.figures |= {f"{form}_{name}": value for name, value in scores.items()}
            self.curves.append((form, *precision_recall(found, truth)))
        for stage in self.cascade.stages:
            assert stage.model is not None
            self.figures[f"{stage.name}_macs"] = stage.model.macs
            self.figures[f"{stage.name}_arena_bytes"] = stage.model.arena_bytes
        self.figures["arena_bytes"] = self.cascade.firmware.arena_bytes
        self.figures["weights_bytes"] = self.cascade.firmware.weights_bytes

    def watch(self, period_s: float) -> None:
        """What the cascade does in the sequence, by TensorFlow Lite's kernels."""
        sent = frames(self.camera, self.images)
        every = []
        for eye, stage in zip(self.eyes, self.cascade.stages, strict=True):
            inputs = inputs_of_frames(stage, self.camera, sent)
            outputs = Reference(eye.file).run([(image,) for image in inputs])
            every.append([stage.measured(one) for one in outputs])
        moments = list(zip(*every, strict=True))
        self.watched = self.cascade.follow(moment.__getitem__ for moment in moments)
        self.judged = judge(self.watched, self.present, period_s)
        self.figures["recall"] = self.judged.recall
        self.figures["false_alarms_per_hour"] = self.judged.false_alarms_per_hour
        self.figures["false_wakes_per_hour"] = self.judged.false_wakes_per_hour[0]

    def run(self, board: str, here: Cascade, count: int) -> None:
        """Some frames on the emulated board, on this computer and in numpy.

        Args:
            board: the emulated board's name.
            here: the same cascade for any core.
            count: of frames, from shortly before somebody comes.

        Raises:
            VerificationError: they do not agree to the last bit.
        """
        sent = frames(self.camera, self.images)
        start = max(int(np.flatnonzero(self.present)[0]) - 1, 0)
        chosen = sent[start : start + count]
        self.board = board
        self.looked = look_on_board(self.cascade, self.camera, chosen, board)
        host = look_on_host(here, self.camera, chosen)
        each = [inputs_of_frames(stage, self.camera, chosen) for stage in self.cascade.stages]
        numpy_levels = self.cascade.watch(list(zip(*each, strict=True)))
        if self.looked.raw != host.raw or numpy_levels.levels.tolist() != host.levels:
            raise VerificationError(f"{board} and this computer disagree: please report it")
        self.figures["board_frames"] = len(chosen)
        self.figures["board_bytes_equal"] = len(host.raw)
        counts: dict[str, list[int]] = {stage.name: [] for stage in self.cascade.stages}
        regions = iter(self.looked.regions)
        for ran in numpy_levels.ran:
            for stage, did in zip(self.cascade.stages, ran, strict=True):
                region = next(regions, None) if did else None
                if region is not None:
                    counts[stage.name].append(region.instructions)
        for name, found in counts.items():
            self.figures[f"{name}_instructions"] = max(found, default=None)

    def take(self, cascade: Cascade, sensor: str) -> None:
        """An hour of the same cascade on a board whose currents are known."""
        assert self.judged is not None
        self.energies = (
            energy(cascade, self.judged, sensor=sensor),
            energy(cascade, self.judged, sensor=sensor, presences=CURVE),
        )
        for hour in self.energies[0].cascade:
            self.figures[f"joules_an_hour_at_{hour.presence:g}"] = hour.joules
        self.figures["joules_an_hour_always"] = self.energies[0].always.joules

    def text(self) -> str:
        """The lines that the demonstration ends with."""
        assert self.judged is not None and self.energies is not None
        f = self.figures
        rows = [
            ("AP50 of boxes, float32", f"{f['float_ap50']:.3f}  of {len(self.test.images)} scenes"),
            ("AP50 of boxes, int8", f"{f['int8_ap50']:.3f}"),
            ("arena of both, bytes", f"{f['arena_bytes']:,}"),
            ("weights of both, bytes", f"{f['weights_bytes']:,}"),
            (
                f"frames on {self.board}",
                f"{f['board_frames']}, all {f['board_bytes_equal']:,} bytes of boxes and scores as "
                "on this computer",
            ),
        ]
        for name in ("glance", "look"):
            count = f[f"{name}_instructions"]
            said = "not counted" if count is None else f"{count:,}, its camera included"
            rows.append((f"instructions of '{name}'", said))
        lines = [f"{name:28}{value}" for name, value in rows]
        return "\n".join([*lines, "", self.judged.text(), self.energies[0].text()])
