"""`reknown erase`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.text import counted
from reknown.cli.options import CollectionName, Data, Json
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from reknown.services.galleries.erasure import ErasureCertificate, Subject


def erase(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT", help="The person's name or subject id, or the id of one face."
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            metavar="FILE",
            help="Write the certificate there; `reknown ledger check FILE` checks it.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Erase a person: the name, all faces, sightings under that name, and their keys.

    Templates are sealed, each with a key of its own that lies apart from the database. Without
    the key no copy of the database can be read. Copies of the keyring are another matter: make
    the next backup, which replaces the one beside older backups.

    The certificate says what was erased, without saying who it was: the ledger's record of it, with
    the proof that it is in the log. `reknown ledger prove` writes the same again at any time.
    """
    from reknown.cli.output import print_json
    from reknown.cli.session import open_context
    from reknown.services.galleries.erasure import erase_subject, find_subject

    if certificate is not None and certificate.exists():
        raise typer.BadParameter(f"{certificate} exists: choose another name")
    with open_context(data) as context:
        if not yes:
            found = find_subject(context, collection, subject)
            typer.confirm(f"Erase {_described(found)} for good?", abort=True)
        done = erase_subject(context, collection, subject)
    if certificate is not None:
        _write(certificate, done)
    if json:
        print_json({"certificate": done})
        return
    typer.echo(
        f"erased {counted(len(done.faces), 'face')} and {counted(done.sightings, 'sighting')}, and "
        f"{counted(len(done.keys), 'key')} with them: row {done.record} of the ledger"
    )


def _described(subject: Subject) -> str:
    from reknown.cli.output import printable

    if subject.name is None:
        return f"the face {subject.face_ids[0]}"
    return f"{printable(subject.name)} with {counted(len(subject.face_ids), 'face')}"


def _write(file: Path, certificate: ErasureCertificate) -> None:
    import json

    from reknown.biometrics.errors import InputError
    from reknown.cli.ledger.options import put

    if certificate.proof is None:
        raise InputError(
            f"all is erased, but there is no proof of it: the ledger is not signed. Run reknown "
            f"ledger verify, then reknown ledger prove {certificate.record} --out {file}"
        )
    put(json.dumps(certificate.proof, indent=1, ensure_ascii=False) + "\n", file)
