# SPDX-License-Identifier: Apache-2.0
"""The page holds what the rows say, needs nothing from elsewhere, and a browser shows it."""

import html.parser
import json
import re
import shutil
import subprocess

import pytest

from mcunet_tf.benchmark.model_explorer import write_node_data
from mcunet_tf.benchmark.report import render_fragment, render_page
from mcunet_tf.benchmark.report.arena_plot import memory_map
from mcunet_tf.benchmark.report.claims import claims_beside
from mcunet_tf.benchmark.rows import Row
from mcunet_tf.errors import ToolError
from tests.benchmark.example_rows import a_row, example_rows

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Reader(html.parser.HTMLParser):
    """Checks that elements close in order, and collects text and what would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.fetched: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.scripts += tag == "script"
        self.fetched += [v for k, v in attrs if k in ("src", "href") and not v.startswith("data:")]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def shown(page: str) -> str:
    return " ".join(" ".join(read(page).text).split())


def test_the_page_tells_ratios_refusals_and_conditions():
    text = shown(render_page(example_rows()))
    assert "tinyengine: 1 of 1 bit exact; cmsis_nn: 1 of 1 bit exact; tflm: 0 of 0" in text
    assert "2.50× less instructions" in text
    assert "2.12× less SRAM" in text
    assert "no library <b>here</b>" in text
    assert "conv_2d_kernel" in text
    assert "static cycle model (cortex-m4), no measurement" in text
    assert "ab" * 8 in text
    assert "-O3" in text


def test_the_page_stands_alone_and_runs_nothing():
    page = render_page(example_rows())
    reader = read(page)
    assert reader.fetched == []
    assert reader.scripts == 0
    assert "@import" not in page
    assert not re.search(r"url\(", page)


def test_names_from_outside_stay_text():
    evil = '<script>alert("x")</script>'
    rows = [a_row(evil, "qemu-m4", "tinyengine", 1, compiler_flags=evil)]
    for page in (render_page(rows), render_fragment(rows)):
        assert read(page).scripts == 0
        assert 'alert("x")' in shown(page)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [Row("m", "b", "tflm", error="nothing to be had")],
        [a_row("m", "host", "tinyengine", 1, layers=(), memory=(), instructions=None)],
    ],
    ids=["none", "refused", "host"],
)
def test_few_figures_make_a_small_page(rows):
    text = shown(render_page(rows))
    assert "Layers and memory" not in text
    assert "How much less" not in text


def test_a_worse_figure_is_shown_as_worse():
    rows = [a_row("m", "b", "tinyengine", 2), a_row("m", "b", "cmsis_nn", 1)]
    page = render_page(rows)
    assert '<b class="worse">0.50×</b>' in page


def test_the_memory_map_is_drawn_to_the_common_scale():
    own, peer, _ = example_rows()
    scale = peer.arena_bytes
    heights = [
        [float(h) for h in re.findall(r'<rect [^>]*height="([\d.]+)"', memory_map(row, scale))]
        for row in (own, peer)
    ]
    assert heights[1][0] == pytest.approx(2.5 * heights[0][0], rel=0.02)
    assert "arena 1,500 B" in memory_map(peer, scale)
    assert memory_map(Row("m", "b", "r"), 100) == ""


def test_claims_stand_beside_figures_of_the_rows():
    found = {claim.text.split(":")[0]: claim.ours for claim in claims_beside(example_rows())}
    assert (
        found["mcunet-vww1"]
        == "0.8 kB SRAM, 8.0 kB flash, 0.0 M cycles +-? % (modelled) on qemu-m7"
    )
    assert any("2.50 times fewer instructions than cmsis_nn" in ours for ours in found.values())
    assert "mcunet-in3" not in found
    assert claims_beside([]) == []


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_a_browser_shows_it_without_complaint(tmp_path):
    page = tmp_path / "report.html"
    page.write_text(render_page(example_rows()))
    shot = tmp_path / "shot.png"
    command = [
        *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
        *("--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"),
        *("--window-size=1280,2000", f"--screenshot={shot}", page.as_uri()),
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0
    assert "CONSOLE" not in run.stderr, run.stderr
    assert shot.read_bytes()[:4] == b"\x89PNG"
    assert shot.stat().st_size > 20_000, "an empty page is smaller"


def test_node_data_belongs_to_tensors_of_the_graph(tmp_path):
    path = tmp_path / "costs.json"
    written = write_node_data(path, example_rows())
    assert path in written
    data = json.loads(path.read_text())["main"]
    assert data["results"] == {"tensor 0": {"value": 6000}, "tensor 1": {"value": 1980}}
    assert [stop["stop"] for stop in data["gradient"]] == [0, 1]
    live = json.loads((tmp_path / "costs_live_bytes.json").read_text())["main"]
    assert live["results"]["tensor 0"] == {"value": 600}
    assert any("cmsis_nn" in path.name for path in written)
    with pytest.raises(ToolError, match="no row has layers"):
        write_node_data(path, [Row("m", "b", "tflm", error="none")])
