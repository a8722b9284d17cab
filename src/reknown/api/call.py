"""One request as its handler sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.access.rights import Rights
    from reknown.api.page_tokens import PageTokens
    from reknown.ledger.actor import Actor
    from reknown.objects.base import ObjectReader
    from reknown.services.platform import Platform
    from reknown.vision.images import DecodedImage


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls with which rights, and what there is to answer with.

    `region` is the one that the client signed for; `decode` turns a file into a picture;
    `topics` says whether there is a way to tell a topic that a job has ended.
    """

    platform: Platform
    objects: ObjectReader
    decode: Callable[[bytes], DecodedImage]
    page_tokens: PageTokens
    actor: Actor
    rights: Rights
    region: str
    topics: bool = False
