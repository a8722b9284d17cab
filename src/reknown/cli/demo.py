"""`reknown demo`: a story on two real people."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.ledger.actor import Actor

if TYPE_CHECKING:
    from PIL.Image import Image

    from reknown.biometrics.faces import DetectedFace
    from reknown.cli.demo_pictures import Portrait, Tile
    from reknown.services.identification import Identification
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

_COLLECTION = "demo"
_ACTOR = Actor("demo")
_COLUMNS = (
    "picture of", "variant", "candidate", "similarity ", "reached by strangers ", "verdict",
)  # fmt: skip


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the pictures.")] = Path("demo"),
) -> None:
    """See it work on two real people.

    One is enrolled and found in a group picture and in a film; then the other is enrolled too
    and found in the film as well; at last a server is started and asked the same by boto3.
    """
    from reknown.cli.demo_client import show_client
    from reknown.cli.demo_pictures import EILEEN, GRACE, group_picture, jpeg
    from reknown.cli.demo_video import search_past, show_film
    from reknown.cli.session import open_engine, open_gallery

    engine = open_engine(None)
    picture, tiles = group_picture()
    with tempfile.TemporaryDirectory() as folder, open_gallery(Path(folder) / "data") as database:
        story = _Story(engine, database, Path(folder), out)
        _say(1, f"{EILEEN.name} is enrolled from one photograph")
        story.enrol(EILEEN)
        _say(2, "A group picture is searched for everybody: both women, seven ways each")
        story.identify(picture, tiles, "1-eileen-enrolled.png")
        _say(3, "A film: who appears, and when; its faces are kept for thirty days")
        gallery = (engine, database, _COLLECTION, _ACTOR)
        complete = show_film(*gallery, out)
        _say(4, f"{GRACE.name} is enrolled too, from one photograph, and the search repeated")
        story.enrol(GRACE)
        complete &= story.identify(picture, tiles, "2-both-enrolled.png")
        _say(5, "Was she the stranger in the film? Search what was kept of it")
        complete &= search_past(*gallery, Path(folder))
        _say(6, "The same through boto3, as code written for Amazon Rekognition does it")
        known = {person.name: jpeg(person.crop()) for person in (EILEEN, GRACE)}
        photo = GRACE.crop().rotate(12).resize((220, 220))
        complete &= show_client(Path(folder) / "server", known, jpeg(photo))
    _farewell(out)
    raise typer.Exit(0 if complete else 1)


class _Story:
    def __init__(self, engine: Engine, database: Database, folder: Path, out: Path) -> None:
        self._engine = engine
        self._database = database
        self._folder = folder
        self._out = out
        self._enrolled: set[str] = set()

    def enrol(self, portrait: Portrait) -> None:
        """One photograph of one person, through the same code as `reknown enroll`."""
        from reknown.biometrics.errors import InputError
        from reknown.cli.demo_pictures import jpeg
        from reknown.services.enrolment import enrol_all
        from reknown.services.enrolment_plan import Enrolee
        from reknown.services.galleries import ensure_collection

        ensure_collection(self._database, _COLLECTION, self._engine.space, _ACTOR)
        path = self._folder / f"{portrait.name}.jpg"
        path.write_bytes(jpeg(portrait.crop()))
        plan = [Enrolee(path, portrait.name)]
        (result,) = enrol_all(self._engine, self._database, _COLLECTION, plan, actor=_ACTOR)
        if result.face is None:
            raise InputError(f"the portrait of {portrait.name} was refused: {result.reason}")
        self._enrolled.add(portrait.name)
        typer.echo(
            f"   quality {result.face.quality} of 100, {self._engine.space.dimension} values"
        )

    def identify(self, picture: Image, tiles: tuple[Tile, ...], name: str) -> bool:
        """Searches, prints and draws; whether everybody enrolled and nobody else was found."""
        from reknown.biometrics.errors import ReknownError
        from reknown.cli.identify import labels, print_search, warn_of_strangers
        from reknown.cli.output import print_table
        from reknown.services.decision import threshold_at_similarity
        from reknown.services.identification import Identifier
        from reknown.vision.draw import draw_labels, save_picture

        path = self._folder / "group.png"
        picture.save(path)
        limit = threshold_at_similarity(self._engine.calibration)
        identifier = Identifier(self._engine, self._database, _COLLECTION, limit, _ACTOR)
        print_search(_COLLECTION, limit, identifier)
        warn_of_strangers(limit, identifier)
        ((_, found),) = identifier.identify_all([path])
        if isinstance(found, ReknownError):
            raise found
        rows = [self._row(tile, found) for tile in tiles]
        print_table(_COLUMNS, rows)
        target = self._out / name
        save_picture(draw_labels(found.photo.image.pixels, labels(found)), target)
        typer.echo(f"   drawn: {target}")
        return all(row[-1] == "right" for row in rows)

    def _row(self, tile: Tile, found: Identification) -> tuple[str, ...]:
        from reknown.cli.output import one_in, percent

        matches = [row for face, row in found.faces() if _covers(face, tile)]
        if not matches:
            return (tile.name, tile.variant, "no face found", "-", "-", "missed")
        candidates = matches[0].candidates
        expected = tile.name if tile.name in self._enrolled else None
        if not candidates:
            verdict = "right" if expected is None else "missed"
            return (tile.name, tile.variant, "a stranger", "-", "-", verdict)
        best = candidates[0]
        verdict = "right" if best.user == expected else "WRONG"
        return (
            tile.name,
            tile.variant,
            best.user or best.face_id,
            percent(best.similarity),
            one_in(best.false_match_rate),
            verdict,
        )


def _covers(face: DetectedFace, tile: Tile) -> bool:
    nose = face.landmarks.nose
    return abs(nose.x - tile.x) < tile.width / 2 and abs(nose.y - tile.y) < tile.height / 2


def _say(step: int, text: str) -> None:
    typer.secho(f"\n{step}. {text}", bold=True)


def _farewell(out: Path) -> None:
    command = "reknown" if shutil.which("reknown") else sys.argv[0]
    typer.echo(
        f"""
The pictures and the film are in {out}/: look at them.
All variants come from one photograph of each person, which makes this easy: between two
different photographs the default pack misses about one in sixty at this threshold
(README, "How often it is wrong").

The same with your own people, a folder of pictures for each:

    {command} enroll PEOPLE/
    {command} identify PHOTO.jpg --draw found.png
    {command} video identify CLIP.mp4 --report clip.html

And for programs that speak to Amazon Rekognition (docs/rekognition.md):

    {command} serve"""
    )
