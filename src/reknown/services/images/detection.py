"""Which faces does an image show?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import log
from reknown.ledger.records import DetectRecord
from reknown.services.images.sources import attempt_all, extract_source
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reknown.biometrics.errors import ReknownError
    from reknown.services.context import Context
    from reknown.services.images.sources import Source
    from reknown.vision.extraction import Extraction


def detect(
    context: Context,
    source: Source,
    *,
    pack: str | None = None,
    largest: int | None = None,
    templates: bool = False,
    attributes: bool = False,
) -> Extraction:
    """The faces, largest first; with `templates` their quality tells more, and takes longer.

    With `attributes` they tell what they do, as far as the pack of that name is installed.

    Raises `ImageError`, `InputError`, `ModelError`.
    """
    policy = _policy(context, pack, largest, templates=templates, attributes=attributes)
    return _recorded(context, extract_source(context.platform, source, policy))


def detect_all(
    context: Context,
    sources: Iterable[Source],
    *,
    pack: str | None = None,
    templates: bool = False,
    attributes: bool = False,
) -> Iterator[tuple[Source, Extraction | ReknownError]]:
    """The same of many images, in their order."""
    policy = _policy(context, pack, None, templates=templates, attributes=attributes)

    def work(source: Source) -> Extraction:
        return extract_source(context.platform, source, policy)

    for source, found in attempt_all(context.platform, work, sources):
        yield source, found if isinstance(found, Exception) else _recorded(context, found)


def _policy(
    context: Context, pack: str | None, largest: int | None, *, templates: bool, attributes: bool
) -> ExtractionPolicy:
    engines = context.platform.engines
    space = engines.space_of(pack or engines.default_pack)
    limit = None if templates else 0
    return ExtractionPolicy(space, limit=limit, largest=largest, attributes=attributes)


def _recorded(context: Context, found: Extraction) -> Extraction:
    record = DetectRecord(found.image.sha256, "image", found.space.pack, len(found.found))
    log.record(context.database, context.actor, None, record)
    return found
