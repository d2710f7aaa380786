# SPDX-License-Identifier: Apache-2.0
"""What has been published about TinyEngine, each claim with its source, beside what was counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcunet_tf.benchmark.ratios import ratios
from mcunet_tf.benchmark.rows import Row
from mcunet_tf.boards import error_text

_MCUNET = "Lin et al., MCUNet, NeurIPS 2020 (arXiv:2007.10319), abstract"
_README = "github.com/mit-han-lab/tinyengine, README, measured on STM32H743 at 480 MHz, -Ofast"
_VMCU = "Zheng et al., vMCU, MLSys 2024"
# Where the published figures were measured, or what comes nearest to it.
_BOARDS = ("stm32h743", "qemu-m7", "stm32f746", "qemu-m4", "stm32f412")


@dataclass(frozen=True)
class Claim:
    """One published figure and how ours is found in the rows; None where no row has it."""

    text: str
    source: str
    ours: Callable[[Sequence[Row]], str | None]


@dataclass(frozen=True)
class ClaimBeside:
    """A claim with our own figure."""

    text: str
    source: str
    ours: str


def claims_beside(rows: Sequence[Row]) -> list[ClaimBeside]:
    """The claims that the rows have something to say about."""
    found = [(claim, claim.ours(rows)) for claim in _CLAIMS]
    return [ClaimBeside(claim.text, claim.source, ours) for claim, ours in found if ours]


def _speed_ratios(rows: Sequence[Row]) -> str | None:
    found = [
        r
        for r in ratios(rows)
        if r.metric.key == "instructions" and r.runtime in ("cmsis_nn", "tflm")
    ]
    if not found:
        return None
    parts = []
    for runtime in dict.fromkeys(r.runtime for r in found):
        values = [r.value for r in found if r.runtime == runtime]
        boards = ", ".join(dict.fromkeys(r.board for r in found if r.runtime == runtime))
        parts.append(f"{_range(values)} times fewer instructions than {runtime} ({boards})")
    return "; ".join(parts)


def _memory_ratios(rows: Sequence[Row]) -> str | None:
    values = [r.value for r in ratios(rows) if r.metric.key == "sram_bytes"]
    if not values:
        return None
    return f"{_range(values)} times less SRAM, stack and statics included"


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


def _figures(model: str) -> Callable[[Sequence[Row]], str | None]:
    """SRAM, flash and latency of a model on the board nearest to the published one."""

    def ours(rows: Sequence[Row]) -> str | None:
        row = _nearest(rows, model)
        if row is None or row.sram_bytes is None or row.flash_bytes is None:
            return None
        parts = [f"{row.sram_bytes / 1e3:.1f} kB SRAM", f"{row.flash_bytes / 1e3:.1f} kB flash"]
        if row.measured_latency_ms:
            parts.append(f"{row.measured_latency_ms:.1f} ms (measured)")
        elif row.modelled_cycles:
            error = error_text(row.cycle_error_percent)
            parts.append(f"{row.modelled_cycles / 1e6:.1f} M cycles {error} (modelled)")
        return f"{', '.join(parts)} on {row.board}"

    return ours


def _arena(model: str) -> Callable[[Sequence[Row]], str | None]:
    def ours(rows: Sequence[Row]) -> str | None:
        row = _nearest(rows, model)
        if row is None or row.arena_bytes is None:
            return None
        return f"{row.arena_bytes / 1e3:.1f} kB arena: activations, input, output, scratch"

    return ours


def _nearest(rows: Sequence[Row], model: str) -> Row | None:
    own = [r for r in rows if r.runtime == "tinyengine" and not r.error and model in r.model]
    for board in _BOARDS:
        for row in own:
            if row.board == board:
                return row
    return None


_CLAIMS = (
    Claim(
        "inference 1.7 to 3.3 times faster than TF-Lite Micro and CMSIS-NN", _MCUNET, _speed_ratios
    ),
    Claim(
        "1.1 to 18.6 times faster, peak memory 1.3 to 3.6 times smaller than TF-Lite Micro, "
        "CMSIS-NN and X-CUBE-AI",
        _README,
        _memory_ratios,
    ),
    Claim(
        "mcunet-vww1: TinyEngine 92 kB SRAM, 521 kB flash, 51 ms (24.5 M cycles); "
        "CMSIS-NN 220 kB, 736 kB, 97 ms (46.6 M cycles)",
        _README,
        _figures("vww1"),
    ),
    Claim(
        "mcunet-in3: TinyEngine 260 kB SRAM, 336 ms (161 M cycles); "
        "CMSIS-NN 493 kB, 770 ms (370 M cycles)",
        _README,
        _figures("in3"),
    ),
    Claim("mcunet-in3: 102.7 kB for activations", _VMCU, _arena("in3")),
)
