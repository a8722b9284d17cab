"""`reknown reviews judge`, `adjudicate` and `appeal`."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import CollectionName, Data, Json
from reknown.cli.reviews.options import CaseId
from reknown.configuration import DEFAULT_COLLECTION
from reknown.review.opinions import Ground, Opinion

if TYPE_CHECKING:
    from pathlib import Path

Number = Annotated[
    int, typer.Argument(metavar="NUMBER", min=1, help="The candidate, as `reviews show` has it.")
]
Said = Annotated[Opinion, typer.Argument(metavar="OPINION", help="same, different or cannot-tell.")]
Grounds = Annotated[
    list[Ground],
    typer.Option("--ground", "-g", help="What it rests on; repeatable, at least one."),
]
Note = Annotated[
    str | None,
    typer.Option(
        "--note",
        help="More in your own words. It is deleted with the candidate or the case.",
    ),
]


class AppealReason(Enum):
    """Why a decision is contested."""

    COMPLAINT = "complaint"
    NEW_EVIDENCE = "new-evidence"
    PROCEDURE = "procedure"
    QUALITY = "quality"


def judge(
    case: CaseId,
    number: Number,
    opinion: Said,
    ground: Grounds,
    note: Note = None,
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say whether probe and candidate are of the same person, in your opinion: final once said.

    Look at the case with `reviews show` before. The last candidate ends your review.
    """
    _judge(case, number, opinion, ground, note, collection, data, json=json, adjudicate=False)


def adjudicate(
    case: CaseId,
    number: Number,
    opinion: Said,
    ground: Grounds,
    note: Note = None,
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Settle what the reviewers of a case disagree on, as one who has not judged it."""
    _judge(case, number, opinion, ground, note, collection, data, json=json, adjudicate=True)


def appeal(
    case: CaseId,
    reason: Annotated[AppealReason, typer.Option("--reason", help="Why it is contested.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Contest a decision: the case is open again, for reviewers who have not judged it yet."""
    from reknown.cli.output import counted, print_json
    from reknown.cli.session import open_context
    from reknown.services.reviews.cases import appeal as contest

    with open_context(data) as context:
        done = contest(context, collection, case, reason.value)
    if json:
        print_json({"case": done.case_id, "state": done.state, "round": done.round})
    else:
        who = counted(done.reviewers, "other reviewer")
        typer.echo(f"case {done.case_id} is open again, in round {done.round}, for {who}")


def _judge(
    case: str,
    number: int,
    opinion: Opinion,
    grounds: list[Ground],
    note: str | None,
    collection: str,
    data: Path | None,
    *,
    json: bool,
    adjudicate: bool,
) -> None:
    from reknown.cli.output import counted, print_json
    from reknown.cli.session import open_context
    from reknown.review.opinions import CandidateJudgement
    from reknown.services.reviews import cases

    judgement = CandidateJudgement(opinion, tuple(grounds), note)
    with open_context(data) as context:
        done = cases.judge(context, collection, case, number, judgement, adjudicate=adjudicate)
    if json:
        print_json({"case": case, "state": done.state, "left": done.left})
    elif done.left:
        typer.echo(f"{counted(len(done.left), 'candidate')} left to judge")
    else:
        typer.echo(f"your review is finished; the case is {done.state.value}")
