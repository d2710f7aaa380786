# SPDX-License-Identifier: Apache-2.0
"""Draws the arena over time: one column per stage, one box per tensor, ring or scratch, as SVG."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterator

from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.plan.offsets import Buffer

WIDTH, HEIGHT = 1120, 520
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 64, 56
FILLS = {"tensor": "#7aa6d8", "ring": "#7cc3a2", "scratch": "#c9c9c9"}
STROKES = {"tensor": "#2f5f98", "ring": "#2c7a57", "scratch": "#8a8a8a"}
LABELS = {"tensor": "whole tensor", "ring": "ring of rows", "scratch": "kernel scratch"}
LEAST_LABEL_HEIGHT = 13
CHARACTER_WIDTH = 6.2


def memory_map(project: Project) -> str:
    """The memory map of a planned project as an SVG document."""
    plan = project.plan
    body = "\n".join(
        [
            *_head(project),
            *_axes(project),
            *_boxes(project),
            _peak_line(plan.arena_bytes),
            *_legend(),
        ]
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="Helvetica, Arial, sans-serif" '
        f'font-size="11" fill="#222">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
        f"{body}\n</svg>\n"
    )


def _head(project: Project) -> Iterator[str]:
    name = html.escape(project.name)
    stages = len(project.plan.stages)
    yield (
        f'<text x="{LEFT}" y="26" font-size="16" font-weight="bold">{name}: '
        f"{project.plan.arena_bytes:,} bytes of arena over {stages} stages</text>"
    )
    yield (
        f'<text x="{LEFT}" y="46" fill="#555">Boxes that share memory overlap: the output is '
        "written where rows of the input have been read for the last time.</text>"
    )


class _Scale:
    """Stages and bytes to pixels."""

    def __init__(self, project: Project) -> None:
        self.stages = max(len(project.plan.stages), 1)
        self.arena_bytes = max(project.plan.arena_bytes, 1)

    def x(self, stage: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * stage / self.stages

    def y(self, size_bytes: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * size_bytes / self.arena_bytes


def _axes(project: Project) -> Iterator[str]:
    scale = _Scale(project)
    step = _round_step(project.plan.arena_bytes)
    for value in range(0, project.plan.arena_bytes + 1, step):
        y = scale.y(value)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e6e6e6"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{value:,}</text>'
    every = -(-scale.stages // 24)
    for number, stage in enumerate(project.plan.stages):
        if number % every:
            continue
        layers = [n.index for n in stage.nodes if n.index >= 0]
        label = f"{layers[0]}" if len(layers) == 1 else f"{layers[0]}-{layers[-1]}"
        x = (scale.x(number) + scale.x(number + 1)) / 2
        y = HEIGHT - BOTTOM + 16
        yield f'<text x="{x:.1f}" y="{y}" text-anchor="middle" fill="#555">{label}</text>'
    yield (
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">'
        "layers of each stage, in order of execution</text>"
    )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield (
        f'<text x="18" y="{middle}" text-anchor="middle" transform="rotate(-90 18 {middle})">'
        "bytes of the arena</text>"
    )


def _round_step(arena_bytes: int) -> int:
    """A round number of bytes that divides the axis into at most eight parts."""
    for power in itertools.count():
        for leading in (1, 2, 5):
            step: int = leading * 10**power
            if arena_bytes <= 8 * step:
                return step
    raise AssertionError("unreachable")


def _boxes(project: Project) -> Iterator[str]:
    scale, plan = _Scale(project), project.plan
    filled = [(b, o) for b, o in zip(plan.buffers, plan.offsets, strict=True) if b.size_bytes]
    for buffer, offset in filled:
        yield _box(scale, buffer, offset)
    # Above all boxes, so that none of those that share memory covers another one's label.
    for buffer, offset in filled:
        yield from _label(scale, buffer, offset)


def _box(scale: _Scale, buffer: Buffer, offset: int) -> str:
    left, right = scale.x(buffer.start), scale.x(min(buffer.end, scale.stages))
    top, bottom = scale.y(offset + buffer.size_bytes), scale.y(offset)
    name = html.escape(buffer.name)
    title = f"{name}: {buffer.size_bytes:,} bytes at {offset:,} ({LABELS[buffer.kind]})"
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 1):.1f}" '
        f'height="{max(bottom - top, 0.6):.1f}" fill="{FILLS[buffer.kind]}" fill-opacity="0.55" '
        f'stroke="{STROKES[buffer.kind]}" stroke-width="0.8"><title>{title}</title></rect>'
    )


def _label(scale: _Scale, buffer: Buffer, offset: int) -> Iterator[str]:
    label = f"{buffer.size_bytes:,}"
    top, bottom = scale.y(offset + buffer.size_bytes), scale.y(offset)
    # Boxes of neighbouring stages share columns: a label stands in its box's first one, or in the
    # middle of a long box.
    end = buffer.end if buffer.end - buffer.start > 3 else buffer.start + 1
    left, right = scale.x(buffer.start), scale.x(min(end, scale.stages))
    wide = right - left > CHARACTER_WIDTH * len(label) + 4
    if wide and bottom - top > LEAST_LABEL_HEIGHT:
        x, y = (left + right) / 2, (top + bottom) / 2 + 4
        yield (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" pointer-events="none">'
            f"{label}</text>"
        )


def _peak_line(arena_bytes: int) -> str:
    return (
        f'<line x1="{LEFT}" y1="{TOP}" x2="{WIDTH - RIGHT}" y2="{TOP}" stroke="#b03030" '
        f'stroke-dasharray="5 4"/><text x="{WIDTH - RIGHT}" y="{TOP - 5}" text-anchor="end" '
        f'fill="#b03030">arena {arena_bytes:,}</text>'
    )


def _legend() -> Iterator[str]:
    x = WIDTH - RIGHT - 390
    for kind, label in LABELS.items():
        yield (
            f'<rect x="{x}" y="17" width="12" height="12" fill="{FILLS[kind]}" '
            f'fill-opacity="0.55" stroke="{STROKES[kind]}"/>'
            f'<text x="{x + 18}" y="27">{label}</text>'
        )
        x += 130
