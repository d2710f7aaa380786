# SPDX-License-Identifier: Apache-2.0
"""The arena over time as SVG: what lies where, from the layer that writes it to its last reader."""

from __future__ import annotations

import html
from collections.abc import Sequence

from mcunet_tf.benchmark.rows import LayerRow, Row

_WIDTH, _HEIGHT = 460, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 14, 24
_HUES = ("#8fbcb5", "#a9c7d8", "#c9d3a8", "#d9c3a0", "#c3b4d4", "#b7cfc0")


def memory_map(row: Row, scale_bytes: int) -> str:
    """An SVG of a row's arena; `scale_bytes` is the top of the axis, to compare two maps.

    Returns:
        The SVG element, or "" where the row does not know its memory.
    """
    layers = [layer for layer in row.layers if layer.index >= 0]
    if not row.memory or not layers or not row.arena_bytes:
        return ""
    columns = max(block.end_layer for block in row.memory)
    across = (_WIDTH - _LEFT - _RIGHT) / columns
    down = (_HEIGHT - _TOP - _BOTTOM) / scale_bytes

    def y(offset: int) -> float:
        return _HEIGHT - _BOTTOM - offset * down

    parts = [_axis(scale_bytes, down, columns)]
    for number, block in enumerate(row.memory):
        width = (block.end_layer - block.first_layer) * across
        title = html.escape(f"{block.name}: {block.size_bytes:,} B at {block.offset:,}")
        parts.append(
            f'<rect x="{_LEFT + block.first_layer * across:.1f}" '
            f'y="{y(block.offset + block.size_bytes):.1f}" width="{max(width - 0.6, 0.8):.1f}" '
            f'height="{max(block.size_bytes * down - 0.4, 0.8):.1f}" rx="1" '
            f'fill="{_HUES[number % len(_HUES)]}"><title>{title}</title></rect>'
        )
    parts.append(_live_line(layers, across, y))
    top = y(row.arena_bytes)
    parts.append(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{top:.1f}" y2="{top:.1f}" '
        'stroke="#b4452c" stroke-dasharray="4 3"/>'
        f'<text x="{_WIDTH - _RIGHT}" y="{top - 4:.1f}" text-anchor="end" fill="#b4452c">'
        f"arena {row.arena_bytes:,} B</text>"
    )
    label = html.escape(f"arena of {' '.join(row.key)} over its layers")
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def _axis(scale_bytes: int, down: float, columns: int) -> str:
    base, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    step = _round_step(scale_bytes / 4)
    lines = []
    for value in range(0, scale_bytes + 1, step):
        y = f"{base - value * down:.1f}"
        lines.append(
            f'<line x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}" stroke="#e6e4de"/>'
            f'<text x="{_LEFT - 6}" y="{y}" dy="4" text-anchor="end">{value / 1e3:g} kB</text>'
        )
    last = f'<text x="{right}" y="{_HEIGHT - 6}" text-anchor="end">layer {columns - 1}</text>'
    return "".join([*lines, f'<text x="{_LEFT}" y="{_HEIGHT - 6}">layer 0</text>', last])


def _round_step(target: float) -> int:
    """The nearest of 10, 20, 25, 50 times a power of ten that is not below the target."""
    power = 1
    while power * 100 <= target:
        power *= 10
    return next(factor * power for factor in (10, 20, 25, 50, 100) if factor * power >= target)


def _live_line(layers: Sequence[LayerRow], across: float, y: object) -> str:
    """The top of what is in use while each layer runs, its scratch included."""
    assert callable(y)
    points = []
    for layer in layers:
        for edge in (layer.index, layer.index + 1):
            points.append(f"{_LEFT + edge * across:.1f},{y(layer.live_bytes):.1f}")
    path = " ".join(points)
    return f'<polyline points="{path}" fill="none" stroke="#3d3a35" stroke-width="1"/>'
