"""What `reknown collections upgrade` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from reknown.biometrics.text import counted
from reknown.biometrics.thresholds import DEFAULT_SIMILARITY
from reknown.cli.output import percent, print_json, print_table, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.gallery.carried import MissingFace, Tally
    from reknown.gallery.upgrades import Upgrade
    from reknown.services.context import Context
    from reknown.services.upgrades.agreement import Agreement, PeopleShift, UpgradeReport
    from reknown.services.upgrades.preparation import FileResult

_NOTES = 20
_MISSING_COLUMNS = ("face", "person", "image", "reason")


class Notes:
    """A line for each file with a result, for machines; for people only for files with trouble."""

    def __init__(self, *, json: bool) -> None:
        self._json = json
        self._troubles = 0

    def add(self, result: FileResult) -> None:
        """Shows one result, if there is anything to say."""
        if self._json:
            if result.trouble or result.carried or result.losses:
                print_json(_file_json(result))
        elif result.trouble:
            self._troubles += 1
            if self._troubles <= _NOTES:
                typer.secho(printable(f"note: {result.trouble}"), fg="yellow", err=True)

    def end(self) -> None:
        """Says what was left out."""
        if (more := self._troubles - _NOTES) > 0:
            typer.secho(
                f"note: {counted(more, 'more file')} cannot be read: --json names them", err=True
            )


def print_beginning(context: Context, name: str, upgrade: Upgrade) -> None:
    """Says where it goes, and which tracks cannot come along, before any work is done."""
    from reknown.cli.video.tracks import warn_of_foreign
    from reknown.services.archive.sightings import count_foreign

    other = upgrade.other
    typer.echo(printable(f"{name}: from {upgrade.present.pack} to {other.pack}"))
    warn_of_foreign(count_foreign(context, name, other), other)


def print_report(report: UpgradeReport, *, json: bool) -> None:
    """How far a collection is, and how well its old and new templates agree."""
    from reknown.cli.video.tracks import warn_of_foreign

    if json:
        print_json(_report_json(report))
        return
    upgrade, tally, name = report.upgrade, report.tally, printable(report.collection)
    typer.echo(f"{name}: {upgrade.former.pack} -> {upgrade.target.pack}, {_state(upgrade)}")
    typer.echo(
        f"{tally.carried:,} of {tally.faces:,} faces have a template of {upgrade.other.pack}"
    )
    if tally.missing:
        _print_reasons(tally)
    if report.agreement is not None:
        _print_agreement(report.agreement, tally.carried)
    warn_of_foreign(report.foreign_tracks, upgrade.target)
    typer.echo(f"next: reknown collections upgrade {name} {_next(report)}")


def print_missing(faces: Iterable[MissingFace], *, json: bool) -> None:
    """The faces that cannot come along."""
    if json:
        for face in faces:
            print_json(face)
        return
    rows = [(face.face_id, face.user or "-", face.picture, _reason(face)) for face in faces]
    if rows:
        print_table(_MISSING_COLUMNS, rows)
    else:
        typer.echo("no face is missing")


def _state(upgrade: Upgrade) -> str:
    if upgrade.ending:
        return f"being finished: only {upgrade.present.pack} will be left"
    return f"{'switched' if upgrade.switched else 'not switched'}: {upgrade.present.pack} answers"


def _next(report: UpgradeReport) -> str:
    """The steps that make sense now."""
    upgrade = report.upgrade
    if upgrade.ending:
        return "--finish"
    if upgrade.switched:
        return "--undo or --finish"
    return "--missing or --switch" if report.tally.missing else "--switch"


def _print_reasons(tally: Tally) -> None:
    for reason, count in tally.lost.items():
        typer.echo(f"  {count:,} {reason.value}")
    if tally.unseen:
        typer.echo(f"  {tally.unseen:,} not looked for yet: run it with --from again")
    if tally.bare_users:
        people = counted(tally.bare_users, "person", "people")
        typer.echo(f"  {people} would have no face left without them")


def _print_agreement(agreement: Agreement, carried: int) -> None:
    faces = counted(agreement.faces, "face")
    if agreement.faces < carried:
        faces = f"a sample of {agreement.faces:,} of {counted(carried, 'face')}"
    rows = [
        ("nearest other face unchanged", *_share(agreement.same_face, agreement.faces)),
        ("its person unchanged", *_share(agreement.same_subject, agreement.faces)),
    ]
    if agreement.findable:
        rows += [
            ("own person nearest, old", *_share(agreement.found_before, agreement.findable)),
            ("own person nearest, new", *_share(agreement.found_now, agreement.findable)),
        ]
    print_table(("", "faces ", "of ", "share "), rows, f"agreement of old and new, {faces}")
    if agreement.people is None:
        typer.echo("similarities are not compared: a pack is not calibrated")
    elif agreement.people.people:
        _print_people(agreement.people)


def _print_people(people: PeopleShift) -> None:
    typer.echo(
        f"{people.fell:,} of {people.people:,} people with several faces resemble themselves less, "
        f"{people.below:,} fell below similarity {DEFAULT_SIMILARITY:g}"
    )
    rows = [(s.user, s.faces, percent(s.before), percent(s.now)) for s in people.worst]
    rows = [row for row in rows if row[2] != row[3]]
    if rows:
        print_table(("person", "faces ", "similarity before ", "now "), rows)


def _share(count: int, of: int) -> tuple[str, str, str]:
    return f"{count:,}", f"{of:,}", f"{100 * count / of:.1f} %"


def _reason(face: MissingFace) -> str:
    if face.reason is None:
        return "not looked for yet"
    return f"{face.reason.value}: {face.detail}" if face.detail else face.reason.value


def _file_json(result: FileResult) -> dict[str, object]:
    return {
        "picture": str(result.path),
        "carried_faces": result.carried,
        "losses": result.losses,
        "trouble": result.trouble or None,
    }


def _report_json(report: UpgradeReport) -> dict[str, object]:
    upgrade, tally = report.upgrade, report.tally
    return {
        "collection": report.collection,
        "former": upgrade.former,
        "target": upgrade.target,
        "switched": upgrade.switched,
        "ending": upgrade.ending,
        "started_at": upgrade.started_at,
        "faces": tally.faces,
        "carried": tally.carried,
        "missing": tally.missing,
        "reasons": {reason.value: count for reason, count in tally.lost.items()},
        "not_looked_for": tally.unseen,
        "people_without_faces": tally.bare_users,
        "agreement": report.agreement,
        "foreign_tracks": [
            {"pack": space.pack, "fingerprint": space.fingerprint, "tracks": count}
            for space, count in report.foreign_tracks.items()
        ],
    }
