"""`reknown drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from reknown.services.oversight.drift import DriftState


def drift(
    reset: Annotated[
        str | None,
        typer.Option(
            "--reset",
            metavar="COLLECTION",
            help="Compare with its next searches instead, after a change that was meant.",
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say whether strangers still score in searches as they did.

    Each search of a collection of 64 subjects and more also compares its probes with the first 64:
    who is not among the candidates is a stranger. The first 1,000 best scores are the baseline;
    each window of 250 and more is compared with it. A new camera, a broken lens, other people in
    the pictures move these scores, and the error rates of the threshold with them. At most one
    window of a thousand is an alarm by chance. A running server does this by itself, about every
    five minutes.

    Status 1 where the last window of any collection has drifted.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services.oversight.drift import check_drift, reset_drift

    with open_context(data) as context:
        if reset is not None:
            reset_drift(context, reset)
        states = check_drift(context)
    if json:
        for each in states:
            print_json(_plain(each))
    elif states:
        columns = ("collection", "baseline ", "window ", "distance ", "bound ", "median ", "")
        print_table(columns, [_row(each) for each in states])
    else:
        typer.echo("no search of 64 subjects or more has been counted yet")
    drifted = any(each.last is not None and each.last.drifted for each in states)
    raise typer.Exit(EXIT_NEGATIVE if drifted else EXIT_DONE)


def _row(state: DriftState) -> tuple[str, ...]:
    counts = state.collection, f"{state.baseline:,}", f"{state.window:,}"
    if state.last is None:
        return (*counts, "-", "-", "-", "too little to say")
    last = state.last
    verdict = "drifted" if last.drifted else "as before"
    return (*counts, f"{last.distance:.3f}", f"{last.bound:.3f}", f"{last.shift:+.3f}", verdict)


def _plain(state: DriftState) -> dict[str, object]:
    last = state.last
    return {
        "collection": state.collection,
        "baseline": state.baseline,
        "window": state.window,
        "at": None if last is None else last.at,
        "distance": None if last is None else last.distance,
        "bound": None if last is None else last.bound,
        "shift": None if last is None else last.shift,
        "drifted": None if last is None else last.drifted,
    }
