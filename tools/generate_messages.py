"""Writes src/reknown/console/languages/console.pot: every message of the console, for translators.

    .venv/bin/python tools/generate_messages.py [--check]

`--check` writes nothing and ends with 1 when the file is not up to date. Messages are named by file
without lines, so that it changes only where they do.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from reknown.console.terms import TERMS

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONSOLE = Path(__file__).parent.parent / "src" / "reknown" / "console"
_CATALOG = _CONSOLE / "languages" / "console.pot"
_METHODS = [("templates/**.j2", "jinja2"), ("**.py", "python")]
_OPTIONS = {"templates/**.j2": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
# By function: which of its arguments are messages.
_KEYWORDS: Mapping[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "FormError": None,
    "DeniedError": None,
    "NavigationLink": (2,),
}
# Of the header: the others would change with each day and release, or are the translator's.
_KEPT_FIELDS = (b'"MIME-Version', b'"Content-Type', b'"Content-Transfer')
_HEAD = """\
# Every message of Reknown's console. Copy it to a file of your language, and translate:
# docs/how-to/console.md says how. Generated: tools/generate_messages.py.
#"""


def catalog() -> bytes:
    """All messages, in the order of their text."""
    found = Catalog(project="Reknown", header_comment=_HEAD, fuzzy=False)
    for name, _, message, comments, _ in extract_from_dir(
        _CONSOLE, _METHODS, _OPTIONS, dict(_KEYWORDS), comment_tags=()
    ):
        found.add(message, None, [(name, 1)], auto_comments=comments)
    for term in sorted(TERMS):
        found.add(term, None, [("terms.py", 1)])
    written = BytesIO()
    write_po(written, found, width=0, sort_output=True, include_lineno=False)
    head, _, rest = written.getvalue().partition(b"\n\n")
    lines = head.splitlines()
    kept = [each for each in lines if each[:1] != b'"' or each.startswith(_KEPT_FIELDS)]
    return b"\n".join([*kept, b"", rest])


if __name__ == "__main__":
    text = catalog()
    if "--check" in sys.argv:
        sys.exit(not _CATALOG.exists() or _CATALOG.read_bytes() != text)
    _CATALOG.parent.mkdir(exist_ok=True)
    _CATALOG.write_bytes(text)
