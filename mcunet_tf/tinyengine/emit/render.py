# SPDX-License-Identifier: Apache-2.0
"""Fills the templates of `templates/`."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import jinja2

_COMMENT_CHARACTERS = 80


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("mcunet_tf.tinyengine.emit", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(template: str, context: Mapping[str, Any]) -> str:
    """The text of a template, without more than one empty line in a row."""
    text = _environment().get_template(template).render(context)
    return re.sub(r"\n{3,}", "\n\n", text)


def comment(text: str) -> str:
    """Text that cannot end a C comment."""
    plain = re.sub(r"[^\x20-\x7e]", "?", text)
    return plain.replace("*/", "* /").replace("/*", "/ *")[:_COMMENT_CHARACTERS]
