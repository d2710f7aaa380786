# SPDX-License-Identifier: Apache-2.0
"""A hook of MkDocs: pages that lie at the top of the source tree, and README's table of figures.

Links between them and those below docs/ hold in either place.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
TOP = ("RECIPES", "RESULTS", "SUPPORTED_OPS", "ARCHITECTURE", "CONTRIBUTING", "CHANGELOG")
BENCHMARK = "benchmark.md"
PAGES = (BENCHMARK, *(f"{name}.md" for name in TOP))


def _benchmark() -> str:
    """How it is measured, and behind that the figures."""
    method = (ROOT / "mcunet_tf" / "benchmark" / "README.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search("<!-- bench:begin -->\n(.*)<!-- bench:end -->", readme, re.DOTALL)
    return f"{method}\n## Figures\n\n{table[1]}"


def on_files(files, config):
    """Adds the pages."""
    for name in PAGES:
        text = _benchmark() if name == BENCHMARK else (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown, page, **_):
    """Lets links to and from these pages lead where they lie in the site."""
    top = "|".join(TOP)
    markdown = re.sub(rf"\]\(\.\./((?:\.\./)*(?:{top})\.md)", r"](\1", markdown)
    return markdown.replace("](docs/", "](") if page.file.src_uri in PAGES else markdown
