# SPDX-License-Identifier: Apache-2.0
"""What a cascade takes from a battery: hours of sleeping, sensing and inferring, by presence.

Currents are those of data sheets, each with its source; times of networks are the cost model's,
with its stated error. The core is taken to run while the sensor sends a frame, and every network
that runs takes frames of its own: what saves time there only makes it less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.boards import Board, SupplyCurrent, error_text, load_board
from mcunet_tf.boards.toml_table import TomlTable
from mcunet_tf.tinyengine.compiler import CompiledModel
from mcunet_tf.vision.cascade_stage import CascadeStage
from mcunet_tf.vision.cascades import Cascade
from mcunet_tf.vision.checks import require, require_real
from mcunet_tf.vision.judging import Judged

PRESENCES = (0.01, 0.1, 0.5)
_SENSORS = Path(__file__).parent / "sensors.toml"
_KEYS = "description milliwatts frame_ms settle_frames standby_milliwatts source standby"


@dataclass(frozen=True)
class Sensor:
    """An image sensor: what it takes and how long a frame lasts, as its maker states it.

    Attributes:
        name: what it is called.
        description: one line for people.
        milliwatts: while it takes frames.
        frame_s: seconds from one frame to the next.
        settle_frames: frames behind waking that are not used.
        standby_milliwatts: between frames.
        sources: of the figures.
    """

    name: str
    description: str
    milliwatts: float
    frame_s: float
    settle_frames: int
    standby_milliwatts: float
    sources: tuple[str, str]

    @property
    def seconds(self) -> float:
        """From waking to the end of the first frame that is used."""
        return self.frame_s * (1 + self.settle_frames)


def list_sensors() -> tuple[str, ...]:
    """Names of the sensors that are known."""
    return tuple(sorted(TomlTable.read("sensor", _SENSORS).entries))


def load_sensor(name: str | Path) -> Sensor:
    """Reads a sensor by its name, or the first one of a `.toml` file of the user's own.

    Raises:
        VisionError: there is no such sensor.
        BoardError: the file is malformed.
    """
    text = str(name)
    whole = TomlTable.read("sensor", Path(text) if text.endswith(".toml") else _SENSORS)
    known = tuple(whole.entries)
    if text.endswith(".toml"):
        require(bool(known), f"{text} holds no sensor: begin with [name]")
        text = known[0]
    require(text in known, f"sensor {text!r} is unknown: use one of {', '.join(sorted(known))}")
    table = whole.table(text)
    table.no_unknown_keys(_KEYS)
    return Sensor(
        name=text,
        description=table.text("description"),
        milliwatts=table.number("milliwatts"),
        frame_s=table.number("frame_ms") / 1000,
        settle_frames=int(table.number("settle_frames")),
        standby_milliwatts=table.number("standby_milliwatts"),
        sources=(table.text("source"), table.text("standby")),
    )


@dataclass(frozen=True)
class Hourly:
    """Joules of an hour.

    Attributes:
        presence: share of the time in which somebody is there.
        asleep: of the core and the sensor between looks.
        sensing: of the core and the sensor while frames are taken.
        inferring: of the core while networks run.
        larger: of larger systems that were asked.
        error: of `inferring`: the cost model's; None where nobody knows it.
    """

    presence: float
    asleep: float
    sensing: float
    inferring: float
    larger: float
    error: float | None

    @property
    def joules(self) -> float:
        """All of it."""
        return self.asleep + self.sensing + self.inferring + self.larger


@dataclass(frozen=True)
class Energy:
    """A cascade's energy by presence, and that of its last stage looking always.

    Attributes:
        board: what the networks run on.
        sensor: what looks.
        period_s: seconds from one moment to the next.
        seconds: how long each stage takes once it has its frame, by the cost model.
        cascade: an hour of the cascade for each presence.
        always: an hour of the last stage in every moment.
        error_percent: of modelled times; None where nobody knows it.
        sources: where each current is from.
    """

    board: str
    sensor: Sensor
    period_s: float
    seconds: tuple[tuple[str, float], ...]
    cascade: tuple[Hourly, ...]
    always: Hourly
    error_percent: float | None
    sources: tuple[str, ...]

    def text(self) -> str:
        """The table, times and sources as lines."""
        error = error_text(self.error_percent)
        lines = [
            f"{self.board} with {self.sensor.description}, a look every {self.period_s:g} s",
            "times     "
            + ", ".join(f"{n} {1e3 * s:.1f} ms" for n, s in self.seconds)
            + f" {error}",
            "",
            f"{'J in an hour':24}{'asleep':>9}{'sensing':>9}{'inferring':>20}{'larger':>9}"
            f"{'all':>9}",
        ]
        rows = [(f"somebody there {h.presence:.0%}", h) for h in self.cascade]
        for name, hour in (*rows, ("last stage always", self.always)):
            around = "+-?" if hour.error is None else f"+-{hour.error:.2f}"
            inferring = f"{hour.inferring:.2f} {around}"
            lines.append(
                f"{name:24}{hour.asleep:9.2f}{hour.sensing:9.2f}{inferring:>20}{hour.larger:9.2f}"
                f"{hour.joules:9.2f}"
            )
        return "\n".join([*lines, "", *self.sources]) + "\n"


def require_currents(board: Board) -> tuple[SupplyCurrent, SupplyCurrent]:
    """Currents of a board while it computes and while it sleeps.

    Raises:
        VisionError: its file states none; the message says what to do.
    """
    run, sleep = board.run_current, board.sleep_current
    require(
        run is not None and sleep is not None and board.clock_hz > 0,
        f"{board.name} has no currents of a data sheet: take a board that has [run_current] "
        "and [sleep_current] in its file, such as nrf52840dk or stm32u575, or add them",
    )
    assert run is not None and sleep is not None
    return run, sleep


class _Power:
    """What board and sensor take, in watts."""

    def __init__(self, board: Board, sensor: Sensor) -> None:
        run, sleep = require_currents(board)
        self.run = run.milliwatts / 1000
        self.asleep = (sleep.milliwatts + sensor.standby_milliwatts) / 1000
        self.sensing = self.run + sensor.milliwatts / 1000
        self.sources = (
            f"running   {run.milliwatts:.3g} mW: {run.source}",
            f"asleep    {sleep.milliwatts:.3g} mW: {sleep.source}",
            f"sensor    {sensor.milliwatts:.3g} mW: {sensor.sources[0]}",
            f"standby   {sensor.standby_milliwatts:.3g} mW: {sensor.sources[1]}",
        )


def energy(
    cascade: Cascade,
    judged: Judged,
    *,
    sensor: Sensor | str = "hm01b0",
    board: Board | str | None = None,
    presences: Sequence[float] = PRESENCES,
) -> Energy:
    """What a cascade takes in an hour, by how often somebody is there.

    Args:
        cascade: its networks, compiled for a board whose currents are known.
        judged: how often each stage is awake with somebody there and without, and the period.
        sensor: a name of `sensors.toml`, or one's own.
        board: the one that it is compiled for, where that is a description of one's own.
        presences: shares of the time in which somebody is there.

    Raises:
        VisionError: currents or times are not known, or a look takes longer than the period.
    """
    taken = load_sensor(sensor) if isinstance(sensor, str) else sensor
    for presence in presences:
        require_real("presence", presence, 0, 1)
    first = cascade.stages[0].model
    assert first is not None
    compiled_for = first.report.board
    target = load_board(board or compiled_for) if not isinstance(board, Board) else board
    require(
        target.name == compiled_for,
        f"board={target.name}: the cascade is compiled for {compiled_for}: compile it for the "
        "board whose energy you want",
    )
    power, count = _Power(target, taken), len(cascade.stages)
    require(
        len(judged.awake_with) == count,
        f"judged {len(judged.awake_with)} stages of {count}: judge this cascade",
    )
    seconds = [_seconds(stage, target) for stage in cascade.stages]
    longest = taken.seconds * count + sum(seconds)
    require(
        longest <= judged.period_s,
        f"period_s={judged.period_s:g}: a look of all stages takes {longest:.3g} s: look "
        "less often",
    )
    percent = first.report.cycle_error_percent

    def hour(presence: float, shares: Sequence[float]) -> Hourly:
        return _hour(cascade.stages, seconds, shares, presence, power, taken, judged, percent)

    def shares(presence: float) -> list[float]:
        pairs = zip(judged.awake_with[:-1], judged.awake_without[:-1], strict=True)
        return [1.0, *(presence * a + (1 - presence) * b for a, b in pairs)]

    alone = [0.0] * (count - 1) + [1.0]
    larger = tuple(
        f"{s.name:9} {s.milliwatts:g} mW for {s.seconds:g} s: as given"
        for s in cascade.stages
        if s.model is None
    )
    return Energy(
        board=target.name,
        sensor=taken,
        period_s=judged.period_s,
        seconds=tuple((s.name, t) for s, t in zip(cascade.stages, seconds, strict=True)),
        cascade=tuple(hour(p, shares(p)) for p in presences),
        always=hour(1.0, alone),
        error_percent=percent,
        sources=(*power.sources, *larger),
    )


def _seconds(stage: CascadeStage, board: Board) -> float:
    """How long a stage takes once it has its frame."""
    model: CompiledModel | None = stage.model
    if model is None:
        require(
            stage.seconds is not None and stage.milliwatts is not None,
            f"{stage.name}: give milliwatts and seconds, as nothing is known of a larger system",
        )
        assert stage.seconds is not None
        return stage.seconds
    cycles = model.report.cycles
    require(
        cycles is not None,
        f"{stage.name}: the cost model does not know {board.name}: compile for a board that it "
        "knows",
    )
    assert cycles is not None
    return cycles / board.clock_hz


def _hour(
    stages: Sequence[CascadeStage],
    seconds: Sequence[float],
    shares: Sequence[float],
    presence: float,
    power: _Power,
    sensor: Sensor,
    judged: Judged,
    percent: float | None,
) -> Hourly:
    """Joules of an hour in which each stage runs in a share of the moments."""
    looks = 3600 / judged.period_s
    frames = looks * sum(shares)
    inferring_s = larger = 0.0
    for stage, one, share in zip(stages, seconds, shares, strict=True):
        if stage.model is not None:
            inferring_s += looks * share * one
        else:
            assert stage.milliwatts is not None
            larger += looks * share * one * stage.milliwatts / 1000
    sensing_s = frames * sensor.seconds
    # While a larger system works, this chip sleeps.
    asleep_s = 3600 - sensing_s - inferring_s
    inferring = power.run * inferring_s
    return Hourly(
        presence=presence,
        asleep=power.asleep * asleep_s,
        sensing=power.sensing * sensing_s,
        inferring=inferring,
        larger=larger,
        error=None if percent is None else inferring * percent / 100,
    )
