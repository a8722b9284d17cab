"""Which text does an image show?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.word_filter import DEFAULT_CONFIDENCE, WordFilter
from reknown.ledger import log
from reknown.ledger.records import ReadTextRecord
from reknown.services.extras import require_text_support
from reknown.services.images.sources import attempt_all, read_source
from reknown.vision.text.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reknown.biometrics.errors import ReknownError
    from reknown.services.context import Context
    from reknown.services.images.sources import Source

__all__ = ["PACK", "Reading", "read_text", "read_text_of_all"]

PACK = "text"


def read_text(
    context: Context, source: Source, wanted: WordFilter = WordFilter(DEFAULT_CONFIDENCE)
) -> Reading:
    """The lines, by rows from the top, with the words that are wanted.

    Raises `ImageError`, `ModelError`, and `InputError`, also without the extra `text`.
    """
    require_text_support()
    return _recorded(context, _read(context, source, wanted))


def read_text_of_all(
    context: Context, sources: Iterable[Source], wanted: WordFilter = WordFilter(DEFAULT_CONFIDENCE)
) -> Iterator[tuple[Source, Reading | ReknownError]]:
    """The same of many images, in their order."""
    require_text_support()

    def work(source: Source) -> Reading:
        return _read(context, source, wanted)

    for source, found in attempt_all(context.platform, work, sources):
        yield source, found if isinstance(found, Exception) else _recorded(context, found)


def _read(context: Context, source: Source, wanted: WordFilter) -> Reading:
    return context.platform.executor.read(read_source(source), PACK, wanted)


def _recorded(context: Context, found: Reading) -> Reading:
    words = sum(len(line.words) for line in found.lines)
    record = ReadTextRecord(found.image.sha256, "image", found.pack, found.model, words)
    log.record(context.database, context.actor, None, record)
    return found
