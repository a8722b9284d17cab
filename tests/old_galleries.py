"""Galleries as earlier releases left them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from sqlalchemy import column, create_engine, insert
from sqlalchemy import table as bare_table

from decoding import decode_image
from reknown.biometrics.records import ImageRecord, MovedFace
from reknown.gallery.schema import collections, faces, images
from reknown.services.galleries.enrolment import new_face

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection, Table, TableClause

    from reknown.vision.analyze import Engine

# As it was then: with names in the clear.
_USERS = bare_table("users", *map(column, ("id", "collection_id", "name", "created_at")))
AT = "2026-01-02T03:04:05.000006+00:00"


@contextmanager
def schema(location: str | Path, revision: str) -> Iterator[Connection]:
    """A new database with the tables of that revision."""
    url = str(location)
    if "://" not in url:
        Path(location).mkdir()
        url = f"sqlite:///{location}/reknown.db"
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", "reknown.storage:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection
    engine.dispose()


def before_magnitudes(
    location: str | Path, references: Iterable[MovedFace], collection: str = "people"
) -> None:
    """A gallery of schema 0003 with one collection, in the space of these references."""
    references = list(references)
    space = references[0].face.template.space
    with schema(location, "0003") as connection:
        owner = _insert(
            connection,
            collections,
            name=collection,
            pack=space.pack,
            fingerprint=space.fingerprint,
            dimension=space.dimension,
            created_at=AT,
            revision=1,
        )
        for reference in references:
            image, face = reference.image, reference.face
            image_id = _insert(
                connection,
                images,
                collection_id=owner,
                sha256=image.sha256,
                name=image.name,
                width=image.width,
                height=image.height,
            )
            named = {"collection_id": owner, "name": reference.user, "created_at": AT}
            user = None if reference.user is None else _insert(connection, _USERS, **named)
            _insert(
                connection,
                faces,
                face_id=face.face_id,
                collection_id=owner,
                image_id=image_id,
                user_id=user,
                box_left=face.box.left,
                box_top=face.box.top,
                box_width=face.box.width,
                box_height=face.box.height,
                confidence=face.confidence,
                quality=face.quality,
                external_id=face.external_id,
                template=face.template.vector.astype("<f4").tobytes(),
                created_at=AT,
                revision=1,
            )


def references(engine: Engine, images: Mapping[str, bytes]) -> list[MovedFace]:
    """The largest face of each image, by the name of its person."""
    found = []
    for number, (name, data) in enumerate(images.items()):
        image = decode_image(data)
        ((face, template),) = engine.extract(image.pixels, engine.detect(image.pixels)[:1])
        record = ImageRecord(image.sha256, f"{name}.jpg", image.width, image.height)
        face_id = f"00000000-0000-4000-8000-{number:012}"
        found.append(MovedFace(record, replace(new_face(face, template), face_id=face_id), name))
    return found


def _insert(connection: Connection, table: Table | TableClause, **values: Any) -> int:
    return int(connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())
