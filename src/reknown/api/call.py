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
class RecordOutputs:
    """Where records of stream processors may be put.

    `data_streams` says whether there is an endpoint for those of Kinesis, `buckets` which ones are
    written to, `encrypting` whether their place takes keys of KMS.
    """

    data_streams: bool = False
    buckets: frozenset[str] = frozenset()
    encrypting: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls with which rights, and what there is to answer with.

    `region` is the one that the client signed for; `topics` says whether there is a way to tell
    a topic that a job has ended, `outputs` where records may be put. `celebrities` is the gallery
    of those, if the operator named one; `unmeasured` what becomes of attributes that nothing
    measures.
    """

    context: Context
    page_tokens: PageTokens
    rights: Rights
    region: str
    topics: bool = False
    outputs: RecordOutputs = RecordOutputs()
    celebrities: str | None = None
    unmeasured: Unmeasured = Unmeasured.OMIT
