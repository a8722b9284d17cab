"""One request as its handler sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.api.wire_attributes import Unmeasured

if TYPE_CHECKING:
    from reknown.api.page_tokens import PageTokens
    from reknown.services.access import Rights
    from reknown.services.context import Context


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls with which rights, and what there is to answer with.

    `region` is the one that the client signed for; `topics` says whether there is a way to tell
    a topic that a job has ended, `data_streams` whether there is one to put records into Kinesis
    data streams. `celebrities` is the gallery of those, if the operator named one; `unmeasured`
    what becomes of attributes that nothing measures.
    """

    context: Context
    page_tokens: PageTokens
    rights: Rights
    region: str
    topics: bool = False
    data_streams: bool = False
    celebrities: str | None = None
    unmeasured: Unmeasured = Unmeasured.OMIT
