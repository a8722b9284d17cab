"""The ledger after a person's whole stay: nothing in it says who that was, or shows the face."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from reknown.access.vault import read_vault
from reknown.gallery.faces import list_faces
from reknown.gallery.templates import load_templates
from reknown.ledger.schema import metadata
from reknown.proofs.reknown_check import canonical
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import EnrolmentPolicy, enrol_subjects
from reknown.services.galleries.erasure import erase_subject
from reknown.services.policies.consents import consent_to, give_consent
from reknown.services.proofs.records import export_log
from reknown.services.proofs.signing import sign_as
from reknown.services.proofs.verification import LedgerEvidence, verify_ledger
from reknown.services.searches.images import identify
from reknown.services.searches.search import Query
from reknown.services.searches.stored import search_by_user
from reknown.storage.database import reading
from sealed_galleries import gallery
from unit.databases import new_location
from unit.sealing.test_sealing import stored, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from reknown.services.context import Context
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

_PERSON, _FILE = "Eileen Collins", "her-portrait.jpg"
_PIECE = 24


def in_any_form(data: bytes) -> Iterator[bytes]:
    """Pieces of the bytes as they are, in hexadecimal and in base64 at each of its offsets."""
    for place in range(0, len(data) - _PIECE, _PIECE):
        piece = data[place : place + _PIECE]
        yield piece
        yield piece.hex().encode()
        yield from (base64.b64encode(piece[offset:])[:-4] for offset in range(3))


def in_figures(vector: NDArray[np.float32]) -> Iterator[bytes]:
    """Each of its values as JSON has it, in both precisions."""
    for value in vector:
        yield canonical(float(value))
        yield str(value).encode()


def tables(database: Database) -> bytes:
    """All that the ledger has in the database."""
    with reading(database) as connection:
        rows = [
            value.encode() if isinstance(value, str) else value
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
            for value in row
            if isinstance(value, str | bytes)
        ]
    return b"\n".join(rows)


def exported(context: Context) -> bytes:
    file = io.BytesIO()
    export_log(context, file)
    return file.getvalue().partition(b"\n")[2]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_neither_template_nor_key_nor_name_is_in_it_and_it_verifies_after_an_erasure(
    request: pytest.FixtureRequest, tmp_path: Path, engine: Engine, eileen: bytes, kind: str
) -> None:
    location, folder = new_location(request, kind, tmp_path), tmp_path / "data"
    portrait = tmp_path / _FILE
    portrait.write_bytes(eileen)
    with gallery(location, folder, engine) as (context, keyring):
        vault = read_vault(folder, None)
        sign_as(context.database, vault)
        consent = consent_to(b"I, Eileen Collins, agree.", "signed on paper")
        give_consent(context, "friends", _PERSON, consent)
        wanted = [Enrolee(portrait, _PERSON)]
        assert list(enrol_subjects(context, "friends", wanted, policy=EnrolmentPolicy()))
        assert identify(context, Query("friends"), eileen).found.rows[0]
        search_by_user(context, Query("friends"), _PERSON)
        with reading(context.database) as connection:
            (face,) = list_faces(connection, "friends").items
            (vector,) = load_templates(connection, "friends").vectors
        number, sealed = stored(context.database, face.face_id)
        secrets = [vector.astype("<f4").tobytes(), sealed, wrapped(keyring, number)]
        before = exported(context)
        erase_subject(context, "friends", _PERSON)
        found = verify_ledger(context, LedgerEvidence(folder, vault), full=True)
        assert (found.fault_count, found.signed) == (0, found.size)
        log = exported(context)
        assert log.startswith(before)
        ledger = tables(context.database) + log
    # what is looked for is found where it is
    assert face.face_id.encode() in ledger
    assert next(in_any_form(secrets[0])) in secrets[0]
    pieces = [piece for secret in secrets for piece in in_any_form(secret)]
    pieces += in_figures(vector)
    pieces += [word.encode() for word in (*_PERSON.split(), "Eileen", _FILE, "her-portrait")]
    assert len(pieces) > 300
    assert [piece for piece in pieces if piece in ledger] == []
