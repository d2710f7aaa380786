# SPDX-License-Identifier: Apache-2.0
"""What the demonstration found, and the table that it ends with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mcunet_tf.boards import error_text


@dataclass(frozen=True)
class BoardRow:
    """One board's run. None stands where a figure cannot be known there (on the host).

    Attributes:
        board: Its name.
        core: Of the processor.
        images: How many test images really ran there.
        accuracy: Share of them that were classified correctly.
        differing_images: Of them, how many gave any output byte other than the reference's.
        arena_bytes: Activations, input, output and kernel scratch.
        static_bytes: Other static data, the runner's own included.
        stack_bytes: Measured high-water mark of one inference.
        code_bytes: Flash but for weights and the runner.
        weights_bytes: Constant tensors in flash.
        instructions: Executed by one inference, the largest over the images.
        counting_note: How they were counted where the exact counter could not; else "".
        modelled_cycles: A static estimate, no measurement; the largest over the images.
        cycle_model: What the estimate models.
        cycle_error_percent: Its largest error on published measurements; None: there are none.
        clock_hz: Nominal clock.
    """

    board: str
    core: str
    images: int
    accuracy: float
    differing_images: int
    arena_bytes: int
    static_bytes: int | None
    stack_bytes: int | None
    code_bytes: int | None
    weights_bytes: int | None
    instructions: int | None
    modelled_cycles: int | None
    cycle_model: str
    clock_hz: int
    counting_note: str = ""
    cycle_error_percent: float | None = None

    @property
    def sram_bytes(self) -> int | None:
        """Arena, static data and stack together."""
        if self.static_bytes is None or self.stack_bytes is None:
            return None
        return self.arena_bytes + self.static_bytes + self.stack_bytes

    @property
    def flash_bytes(self) -> int | None:
        """Code and weights together."""
        if self.code_bytes is None or self.weights_bytes is None:
            return None
        return self.code_bytes + self.weights_bytes

    @property
    def modelled_latency_ms(self) -> float | None:
        """Modelled cycles at the nominal clock."""
        return None if self.modelled_cycles is None else 1e3 * self.modelled_cycles / self.clock_hz


@dataclass(frozen=True)
class Demonstration:
    """The whole result; accuracies are shares of `test_images`.

    The budget is the search's: what the arena, and weights with code, were allowed to take.
    """

    data_set: str
    sram_budget_bytes: int
    flash_budget_bytes: int
    macs: int
    test_images: int
    float_accuracy: float
    int8_accuracy: float
    boards: tuple[BoardRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON, with the derived figures of every board."""
        derived = ("sram_bytes", "flash_bytes", "modelled_latency_ms")
        rows = [
            {**asdict(row), **{name: getattr(row, name) for name in derived}} for row in self.boards
        ]
        return {**asdict(self), "boards": rows}


def format_demonstration(result: Demonstration) -> str:
    """Returns the final table, one column per board."""
    boards = result.boards
    lines = [
        f"{result.data_set}, searched under {result.sram_budget_bytes:,} B of SRAM and "
        f"{result.flash_budget_bytes:,} B of flash: {result.macs / 1e6:.2f} M MAC per image",
        f"accuracy, Keras float32            {_percent(result.float_accuracy)}"
        f"  of {result.test_images:,} test images",
        f"accuracy, int8, TFLite's reference {_percent(result.int8_accuracy)}"
        f"  of {result.test_images:,} test images",
        "",
    ]
    rows = [
        ("", [row.board for row in boards]),
        ("core", [row.core for row in boards]),
        ("test images run on the board", [f"{row.images:,}" for row in boards]),
        ("accuracy on the board, of these", [_percent(row.accuracy) for row in boards]),
        ("outputs that differ from TFLite's", [f"{row.differing_images}" for row in boards]),
        ("SRAM, bytes", [_count(row.sram_bytes) for row in boards]),
        ("  arena with input, output, scratch", [_count(row.arena_bytes) for row in boards]),
        ("  static data", [_count(row.static_bytes) for row in boards]),
        ("  stack, measured", [_count(row.stack_bytes) for row in boards]),
        ("flash, bytes", [_count(row.flash_bytes) for row in boards]),
        ("  code", [_count(row.code_bytes) for row in boards]),
        ("  weights", [_count(row.weights_bytes) for row in boards]),
        ("instructions per image, counted", [_count(row.instructions) for row in boards]),
        (
            "cycles per image, modelled*",
            [_with_error(row, _count(row.modelled_cycles)) for row in boards],
        ),
        ("latency in ms, modelled*", [_with_error(row, _latency(row)) for row in boards]),
    ]
    label_width = max(len(label) for label, _ in rows)
    width = max(len(cell) for _, cells in rows for cell in cells) + 2
    for label, cells in rows:
        lines.append(label.ljust(label_width) + "".join(cell.rjust(width) for cell in cells))
    models = sorted({row.cycle_model for row in boards if row.cycle_model})
    if models:
        lines.append(
            f"* a static model of the {' and '.join(models)} times a factor for memory and dual "
            "issue, no measurement; +- is its largest error on published ones, ? where none are"
        )
    lines += dict.fromkeys(row.counting_note for row in boards if row.counting_note)
    return "\n".join(line.rstrip() for line in lines)


def _with_error(row: BoardRow, cell: str) -> str:
    """A modelled figure with its error."""
    if row.modelled_cycles is None:
        return cell
    return f"{cell} {error_text(row.cycle_error_percent)}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _latency(row: BoardRow) -> str:
    if row.modelled_latency_ms is None:
        return "-"
    return f"{row.modelled_latency_ms:.2f} at {row.clock_hz / 1e6:.0f} MHz"
