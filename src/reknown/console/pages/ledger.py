"""What was done here, by whom and what for; each record with its proof."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from reknown.console.own_words import DeniedError
from reknown.console.rendering import page
from reknown.console.words import local_moment, whole
from reknown.services.history import Choice, read_history, summarise
from reknown.services.proofs.checkpoints import public_key
from reknown.services.proofs.records import export_log, prove_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import IO

    from reknown.console.visit import Visit
    from reknown.services.history import Event

_NEWEST = 100
_PART = 2**18


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A record with what people read of it."""

    event: Event
    summary: str


def ledger(visit: Visit) -> Response:
    """A page of the records that were asked for, newest first."""
    query = visit.arrival.query
    _require_collection(visit, query.get("collection"))
    before = query.get("after")
    choice = Choice(
        before=whole(before) if before else None,
        since=_moment(query.get("since")),
        until=_moment(query.get("until")),
        actor=query.get("actor") or None,
        operation=query.get("operation") or None,
        collection=query.get("collection") or None,
    )
    lines = [
        ShownRecord(event, summarise(event.record, found.names))
        for found in read_history(visit.context, choice, newest=_NEWEST)
        for event in found.events
    ]
    full = len(lines) == _NEWEST
    return page(
        visit,
        "ledger.html.j2",
        lines=lines[::-1],
        next=str(lines[0].event.id) if full else None,
        query=query,
        follows=query.get("follow") == "yes" and not before,
        everything="*" in visit.visitor.rights.collections,
    )


def record(visit: Visit) -> Response:
    """One record as it is in the log, and what proves that it is."""
    proof = _proof(visit)
    size = proof["checkpoint"].splitlines()[1]
    written = json.dumps(proof["record"], indent=2, ensure_ascii=False, sort_keys=True)
    number = _number(visit)
    its_own = Choice(before=number + 1)
    found = next(read_history(visit.context, its_own, newest=1))
    return page(
        visit,
        "record.html.j2",
        event=found.events[0],
        summary=summarise(found.events[0].record, found.names),
        key=public_key(visit.context, visit.vault).key,
        proof=proof,
        size=size,
        text=written,
    )


def download(visit: Visit) -> Response:
    """The same as a file for `reknown ledger check`."""
    name = f"record-{_number(visit)}.proof.json"
    return Response(
        json.dumps(_proof(visit), ensure_ascii=False, indent=2),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def export(visit: Visit) -> Response:
    """All records under the newest checkpoint, for `reknown ledger check`."""
    _require_collection(visit, None)
    # on the disk, not in memory, and gone with the answer
    file = TemporaryFile()  # noqa: SIM115 - closed behind the last part
    try:
        export_log(visit.context, file)
    except BaseException:
        file.close()
        raise
    return StreamingResponse(
        _parts(file),
        media_type="application/jsonl",
        headers={"content-disposition": 'attachment; filename="ledger.jsonl"'},
    )


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(_PART):
            yield part


def _proof(visit: Visit) -> dict[str, Any]:
    proof = json.loads(prove_record(visit.context, _number(visit)))
    _require_collection(visit, proof["record"].get("collection"))
    return dict(proof)


def _require_collection(visit: Visit, collection: str | None) -> None:
    """Whoever may look at some collections reads what was done in one of these at a time."""
    rights = visit.visitor.rights
    everything = "*" in rights.collections
    if not everything and not (collection and rights.permits_collection(collection)):
        some = ", ".join(rights.collections)
        raise DeniedError(
            "%(who)s may read the records of %(some)s: say under Where of which one",
            who=visit.visitor.name,
            some=some,
        )


def _number(visit: Visit) -> int:
    return whole(visit.arrival.place["record"])


def _moment(text: str | None) -> datetime | None:
    moment = local_moment(text or "")
    return None if moment is None else moment.replace(tzinfo=UTC)
