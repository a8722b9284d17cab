"""What was done here, by whom and what for; each record with its proof."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from reknown.biometrics.errors import AccessError
from reknown.console.rendering import page
from reknown.console.words import local_moment, whole
from reknown.services.history import Choice, read_history, summarise
from reknown.services.proofs.records import prove_record

if TYPE_CHECKING:
    from datetime import datetime

    from reknown.console.visit import Visit

_NEWEST = 100


def ledger(visit: Visit) -> Response:
    """The newest records that were asked for, newest first."""
    query = visit.arrival.query
    _require_collection(visit, query.get("collection"))
    choice = Choice(
        since=_moment(query.get("since")),
        until=_moment(query.get("until")),
        actor=query.get("actor") or None,
        operation=query.get("operation") or None,
        collection=query.get("collection") or None,
    )
    lines = [
        (event, summarise(event.record, found.names))
        for found in read_history(visit.context, choice, newest=_NEWEST)
        for event in found.events
    ]
    return page(visit, "ledger.html.j2", lines=lines[::-1], query=query)


def record(visit: Visit) -> Response:
    """One record as it is in the log, and what proves that it is."""
    proof = _proof(visit)
    size = proof["checkpoint"].splitlines()[1]
    written = json.dumps(proof["record"], indent=2, ensure_ascii=False, sort_keys=True)
    return page(
        visit, "record.html.j2", number=_number(visit), proof=proof, size=size, text=written
    )


def download(visit: Visit) -> Response:
    """The same as a file for `reknown ledger check`."""
    name = f"record-{_number(visit)}.proof.json"
    return Response(
        json.dumps(_proof(visit), ensure_ascii=False, indent=2),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


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
        raise AccessError(
            f"{visit.visitor.name} may read the records of {some}: say under Where of which one"
        )


def _number(visit: Visit) -> int:
    return whole(visit.arrival.place["record"], "a record")


def _moment(text: str | None) -> datetime | None:
    moment = local_moment(text or "")
    return None if moment is None else moment.replace(tzinfo=UTC)
