"""A language that nobody speaks: every message of the console in brackets, each letter accented.

So what a page says without accents is data, or was never made ready for translation.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from babel.messages.catalog import Catalog

PSEUDO = "eo"
TEMPLATE = ROOT / "src" / "reknown" / "console" / "languages" / "console.pot"
_ACCENTED = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ȧƀƈḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋẏẑȦƁƇḒḖƑƓĦĪĴĶĿḾȠǾƤɊŘŞŦŬṼẆẊẎẐ",
)
# Placeholders, tags, and what stands between tags of code: commands are the same everywhere.
_KEPT = re.compile(r"(%\(\w+\)s|%%|<code>[^<]*</code>|<[^<>]*>)")


def accented(message: str) -> str:
    """The message in that language."""
    parts = _KEPT.split(message)
    said = (each if place % 2 else each.translate(_ACCENTED) for place, each in enumerate(parts))
    return f"⟦{''.join(said)}⟧"


def messages() -> Catalog:
    """What there is to translate."""
    with TEMPLATE.open("rb") as file:
        return read_po(file, locale=PSEUDO)


def write_pseudo_language(folder: Path) -> None:
    """Its catalog, where `--languages` looks for it."""
    catalog = messages()
    for message in catalog:
        if message.id:
            message.string = _translated(message.id)
    path = folder / PSEUDO / "LC_MESSAGES" / "console.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalog)


def _translated(message: str | Sequence[str]) -> str | tuple[str, ...]:
    if isinstance(message, str):
        return accented(message)
    return tuple(map(accented, message))
