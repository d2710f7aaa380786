# SPDX-License-Identifier: Apache-2.0
"""The page of `demo_eyes`: pictures with boxes, curves and maps, in one file of HTML."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

import mcunet_tf.tinynas
from mcunet_tf.boards import error_text
from mcunet_tf.cli.eyes_results import Results
from mcunet_tf.detection.metrics import sides_of
from mcunet_tf.tinynas.plots import Line, curves_svg
from mcunet_tf.vision import Cascade, energy_svg

Array = npt.NDArray[Any]

_PICTURES, _STRIP = 8, 60
_COLUMNS = 400  # points of a curve at most


def page(cascade: Cascade, results: Results) -> str:
    """The whole page.

    Args:
        cascade: for the emulated board.
        results: everything measured.
    """
    assert results.judged is not None and results.energies is not None
    folders = [
        Path(__file__).parent / "templates",
        Path(mcunet_tf.tinynas.__file__).parent / "templates",
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    energy, curve = results.energies
    return environment.get_template("eyes.html.j2").render(
        figures=_figures(results),
        f=results.figures,
        board=results.board,
        camera=results.camera,
        pictures=[Markup(_boxed(results, n)) for n in _shown(results)],
        heats=[Markup(_heated(results, n)) for n in _shown(results)[:4]],
        precision=Markup(_precision(results)),
        memories=[
            (stage.name, Markup(_svg_only(stage.model.files["memory.svg"])))
            for stage in cascade.stages
            if stage.model is not None
        ],
        strip=Markup(_strip(results)),
        judged=results.judged,
        energy=energy,
        error=error_text(energy.error_percent),
        curve=Markup(energy_svg(curve)),
    )


def _figures(results: Results) -> list[tuple[str, str]]:
    f = results.figures
    found = [
        ("AP50 of boxes, int8", f"{f['int8_ap50']:.3f}"),
        ("AP50 of boxes, float32", f"{f['float_ap50']:.3f}"),
        ("bytes of arena for both networks", f"{f['arena_bytes']:,}"),
        ("bytes of weights for both", f"{f['weights_bytes']:,}"),
    ]
    for name in ("glance", "look"):
        if f[f"{name}_instructions"] is not None:
            millions = f[f"{name}_instructions"] / 1e6
            found.append((f"instructions of '{name}', camera included", f"{millions:.2f} M"))
    return found


def _shown(results: Results) -> list[int]:
    """Scenes with something in them, as they come."""
    return [n for n, own in enumerate(results.test.boxes) if len(own) >= 2][:_PICTURES]


def png(image: Array) -> str:
    """A grey image as the address of a PNG file that it holds itself, uint8 [height, width]."""
    height, width = image.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(image))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b""))
    return "data:image/png;base64," + base64.b64encode(
        b"\x89PNG\r\n\x1a\n" + b"".join(parts)
    ).decode("ascii")


def _picture(image: Array, drawn: str, label: str) -> str:
    """An image as SVG with something drawn over it, in the image's own pixels."""
    height, width = image.shape
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        f'<image href="{png(image)}" width="{width}" height="{height}" '
        f'style="image-rendering: pixelated"/>{drawn}</svg>'
    )


def _grey(results: Results, number: int) -> Array:
    """What the network saw, as brightness."""
    raw = results.seen.inputs[number][0, ..., 0].astype(np.int16) + 128
    return raw.astype(np.uint8)


def _boxed(results: Results, number: int) -> str:
    """A scene with the boxes that the board would find, and the real ones dashed."""
    found, real = results.seen.boxes[number], results.test.boxes[number]
    parts = [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
        f'height="{bottom - top:.1f}" class="real"/>'
        for left, top, right, bottom, _ in real
    ]
    for box, (left, top, right, bottom) in zip(found, sides_of(found), strict=True):
        score = int(box["score"]) / 327.67
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" class="found"><title>{score:.0f} %</title></rect>'
            f'<text x="{left + 1:.1f}" y="{max(top - 1.5, 5):.1f}" class="score">{score:.0f}</text>'
        )
    said = f"scene {number}: {len(found)} boxes found, {len(real)} real"
    return _picture(_grey(results, number), "".join(parts), said)


def _heated(results: Results, number: int) -> str:
    """A scene with the score of each cell over it."""
    heat, image = results.seen.heat[number], _grey(results, number)
    step = image.shape[0] / heat.shape[0], image.shape[1] / heat.shape[1]
    cells = "".join(
        f'<rect x="{x * step[1]:.1f}" y="{y * step[0]:.1f}" width="{step[1]:.1f}" '
        f'height="{step[0]:.1f}" class="heat" opacity="{0.85 * share:.2f}"/>'
        for (y, x), share in np.ndenumerate(heat)
        if share >= 0.05
    )
    return _picture(image, cells, f"scene {number}: scores of {heat.size} cells")


def _precision(results: Results) -> str:
    lines = []
    for form, recall, precision in results.curves:
        chosen = np.unique(np.linspace(0, len(recall) - 1, _COLUMNS).astype(int))
        points = tuple((float(recall[k]), float(precision[k])) for k in chosen)
        lines.append(Line(f"{form}, AP50 {results.figures[f'{form}_ap50']:.3f}", points))
    return curves_svg(lines, ("recall", "precision"))


def _svg_only(text: str) -> str:
    """An SVG document as a part of a page, as wide as there is room."""
    return text.replace('width="1120" height="520" ', "", 1)


def _strip(results: Results) -> str:
    """The first moments of the sequence: who is there, and how far the cascade woke."""
    assert results.watched is not None
    levels, ran = results.watched.levels[:_STRIP], results.watched.ran[:_STRIP]
    rows = (
        ("somebody there", results.present[:_STRIP]),
        ("'look' runs", ran[:, 1]),
        ("it says so", levels == ran.shape[1]),
    )
    parts = []
    for row, (name, values) in enumerate(rows):
        y = 6 + 30 * row
        parts.append(f'<text x="0" y="{y + 15}" class="name">{name}</text>')
        for moment, value in enumerate(values):
            kind = "on" if value else "off"
            x = 120 + 10 * moment
            parts.append(f'<rect x="{x}" y="{y}" width="8" height="20" class="{kind}"/>')
    width, height = 120 + 10 * len(levels), 6 + 30 * len(rows)
    return f'<svg viewBox="0 0 {width} {height}" class="strip">{"".join(parts)}</svg>'
