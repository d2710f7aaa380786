# SPDX-License-Identifier: Apache-2.0
"""The page that runs the emitted C in a browser: the same bytes come out."""

from __future__ import annotations

import functools
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.errors import ToolError
from mcunet_tf.tinyengine import combine, compile_tflite
from mcunet_tf.tinyengine.emit.formats import wasm
from mcunet_tf.tinyengine.evaluate import evaluate, evaluate_series
from tests.formats.projects import needed
from tests.ops.all_cases import CASES
from tests.plan.random_networks import streamed_network
from tests.tinyengine.remembering import remembering
from tests.tinyengine.small_models import small_network

RUN = """
const fs = require("fs");
const page = fs.readFileSync(process.argv[2], "utf8");
const inputs = JSON.parse(fs.readFileSync(0, "utf8"));
const script = page.match(/<script>([\\s\\S]*)<\\/script>/)[1];
(async () => {
  const load = new Function("WebAssembly", "atob", `${script}
    return { NETWORKS, infer, start: async () => {
      const bytes = Uint8Array.from(atob(WASM), (c) => c.charCodeAt(0));
      core = (await WebAssembly.instantiate(bytes, {})).instance;
      if (core.exports._initialize) core.exports._initialize();
      if (core.exports.reset) core.exports.reset();
    } };`);
  const page_ = load(WebAssembly, atob);
  await page_.start();
  for (const [k, values] of inputs) {
    console.log(JSON.stringify(page_.infer(k, values).outputs.map((a) => Array.from(a, Number))));
  }
})();
"""


def zig() -> None:
    if importlib.util.find_spec("ziglang") is None and shutil.which("zig") is None:
        pytest.skip("Zig is not installed: pip install ziglang")


def run(page: str, folder: Path, inputs: list[tuple[int, list[np.ndarray]]]) -> list[list]:
    node = needed("node", "apt install nodejs")
    (folder / "page.html").write_text(page)
    (folder / "run.js").write_text(RUN)
    given = [[k, [a.reshape(-1).tolist() for a in arrays]] for k, arrays in inputs]
    done = subprocess.run(
        [node, "run.js", "page.html"],
        cwd=folder,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def random_inputs(compiled, count: int) -> list[list[np.ndarray]]:
    rng = np.random.default_rng(3)
    return [
        [rng.integers(-128, 128, i.shape).astype(i.dtype) for i in compiled.inputs]
        for _ in range(count)
    ]


@functools.cache
def three():
    makers = {"first": small_network, "second": streamed_network, "third": remembering}
    models = [compile_tflite(make(), "qemu-m4", name=n) for n, make in makers.items()]
    return combine(models, "app", formats="wasm")


def test_the_same_bytes_come_out(tmp_path):
    """Of three models of one page, one of which remembers; the board's form is Arm's."""
    zig()
    made = three()
    asked, expected = [], []
    for k, model in enumerate(made.models):
        series = random_inputs(model, 3)
        asked += [(k, arrays) for arrays in series]
        if model.state_bytes:
            expected += list(evaluate_series(model.graph, series))
        else:
            expected += [evaluate(model.graph, arrays) for arrays in series]
    told = run(made.files["app.html"], tmp_path, asked)
    assert told == [[a.reshape(-1).tolist() for a in outputs] for outputs in expected]


def test_a_model_that_is_fed_by_rows(tmp_path):
    zig()
    compiled = compile_tflite(
        small_network(), "portable", name="m", input_mode="rows", formats="wasm"
    )
    (arrays,) = random_inputs(compiled, 1)
    (told,) = run(compiled.files["m.html"], tmp_path, [(0, arrays)])
    assert told == [evaluate(compiled.graph, arrays)[0].reshape(-1).tolist()]


def test_the_page_is_whole_and_small():
    """Nothing is fetched, and beside the code there is little."""
    zig()
    page = three().files["app.html"]
    assert not re.search(r"(src|href)=|https?://|@import", page)
    code = re.search(r'const WASM = "(.*?)"', page)[1]
    assert len(page) - len(code) < 30_000
    assert len(page) < 300_000 + three().weights_bytes * 4 / 3


def test_in_a_browser(tmp_path):
    zig()
    browser = needed("chromium", "apt install chromium")
    page = tmp_path / "app.html"
    page.write_text(three().files["app.html"])
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000"]
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120
    )
    assert re.search(r'id="time">[\d.]+ ms in this browser', done.stdout), done.stdout[-2000:]
    assert done.stdout.count('class="row"') >= 4
    assert "B in portable C" in done.stdout


def test_float_edges(tmp_path):
    """Values of other types go through the same page."""
    zig()
    case = CASES["DEQUANTIZE"][0]
    compiled = compile_tflite(case.model, "portable", name="m", edges="model", formats="wasm")
    (arrays,) = random_inputs(compiled, 1)
    (told,) = run(compiled.files["m.html"], tmp_path, [(0, arrays)])
    np.testing.assert_allclose(told[0], evaluate(compiled.graph, arrays)[0].reshape(-1), rtol=1e-6)


# Bad input


def test_without_zig(monkeypatch):
    monkeypatch.setattr(wasm.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(wasm.shutil, "which", lambda name: None)
    wasm._compiled.cache_clear()
    with pytest.raises(ToolError, match="format wasm needs Zig's compiler: pip install ziglang"):
        compile_tflite(small_network(), "portable", name="nozig", formats="wasm")


def test_c_that_zig_refuses(monkeypatch):
    """The first complaint is told, on one line."""
    refuses = [sys.executable, "-c", "import sys; sys.exit('m.c:1:1: error: odd\\nm.c:2:2: more')"]
    monkeypatch.setattr(wasm, "_zig", lambda: refuses)
    with pytest.raises(ToolError, match=r"Zig does not compile the C: m.c:1:1: error: odd$"):
        compile_tflite(small_network(), "portable", name="refused", formats="wasm")
