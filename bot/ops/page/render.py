"""The page's files: as the bot serves them, and as one file that needs nothing else and asks nobody for anything.

Rule: a document's text is data. In the single file it stands in a block that no browser runs, with every character escaped
that could end the block (HTML Living Standard, "Restrictions for contents of script elements"), and the file's own policy
lets only the scripts and the style run whose digests it names (W3C, Content Security Policy Level 3).
"""

from __future__ import annotations

import html
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from bot.ops.page.document import Document, page_as_json

STYLE = "page.css"
SCRIPTS = ("lightweight-charts.js", "dom.js", "chart.js", "parts.js", "figures.js", "page.js")
"""In the order in which they run."""
HEAD, TAIL = "<!-- head -->", "<!-- scripts -->"
_UNSAFE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


@cache
def asset(name: str) -> str:
    """The text of a bundled file."""
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


@cache
def page() -> str:
    """The live page: it fetches its style, its scripts and then the document from where it came from."""
    scripts = "\n".join(f'<script src="{name}"></script>' for name in SCRIPTS)
    return asset("page.html").replace(HEAD, f'<link rel="stylesheet" href="{STYLE}">').replace(TAIL, scripts)


def as_file(document: Document) -> str:
    """The document as one HTML file, to be opened from disk or sent by mail."""
    style, scripts = asset(STYLE), [asset(name) for name in SCRIPTS]
    allowed = " ".join(map(_digest, scripts))
    policy = f"default-src 'none'; script-src {allowed}; style-src {_digest(style)}; img-src data:; base-uri 'none'"
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n<style>{style}</style>'
    )
    data = f'<script type="application/json" id="document">{_inert(document)}</script>'
    tail = "\n".join([data, *(f"<script>{script}</script>" for script in scripts)])
    return asset("page.html").replace(HEAD, head).replace(TAIL, tail)


def _inert(document: Document) -> str:
    return page_as_json(document).decode().translate(_UNSAFE)


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
