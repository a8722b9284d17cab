"""How often searches of a collection go wrong: as far as is known, and measured anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from reknown.console.own_words import FormError
from reknown.console.rendering import go, page, to
from reknown.console.words import similarity
from reknown.reporting.layout import as_html
from reknown.services.evaluations.runs import (
    KINDS,
    EvaluationPlan,
    EvaluationState,
    apply_calibration,
    delete_evaluation,
    evaluation_folders,
    list_evaluations,
    read_evaluation,
    read_figures,
    read_report,
    start_evaluation,
    stop_evaluation,
)
from reknown.services.galleries.accuracy import read_accuracy
from reknown.services.galleries.pages import PageRequest

if TYPE_CHECKING:
    from reknown.console.visit import Visit

_AT_ONCE = 20
# A drawing stands by itself: its colours are in it, and it loads and runs nothing.
_DRAWING = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "cache-control": "private, max-age=3600",
}


def accuracy(visit: Visit) -> Response:
    """The thresholds of the pack, what they come to at today's size, and the evaluations."""
    return _shown(visit)


def start(visit: Visit) -> Response:
    """An evaluation on pictures of people who are known."""
    form, upload = visit.arrival.form, visit.arrival.uploads.get("manifest")
    wanted = similarity(form.get("similarity", ""))
    plan = EvaluationPlan(
        visit.given("kind"),
        choose=form.get("choose", "central"),
        similarities=() if wanted is None else (wanted,),
        by=tuple(each.strip() for each in form.get("by", "").split(";") if each.strip()),
        dataset=form.get("dataset", "").strip(),
        worst_group=form.get("worst_group", "").strip() or None,
    )
    sent = upload.data if upload and upload.data else None
    made = start_evaluation(visit.context, visit.its_collection, plan, visit.given("folder"), sent)
    return go("accuracy", visit.its_collection, made)


def again(visit: Visit, error: str) -> Response:
    """What is wrong with the evaluation that was asked for."""
    return _shown(visit, error)


def evaluation(visit: Visit) -> Response:
    """One of them: how far it is, and what came of it."""
    its = read_evaluation(visit.context, visit.its_collection, _which(visit))
    done = its.state is EvaluationState.DONE
    report = read_report(visit.context, visit.its_collection, _which(visit)) if done else None
    return page(
        visit,
        "evaluation.html.j2",
        its=its,
        running=its.state is EvaluationState.RUNNING,
        report=report,
    )


def figures(visit: Visit) -> Response:
    """The figures for machines."""
    found = read_figures(visit.context, visit.its_collection, _which(visit))
    return Response(found, media_type="application/json")


def download(visit: Visit) -> Response:
    """The report as one file."""
    report = read_report(visit.context, visit.its_collection, _which(visit))
    headers = {"content-disposition": f'attachment; filename="evaluation-{_which(visit)[:8]}.html"'}
    return Response(as_html(report), media_type="text/html; charset=utf-8", headers=headers)


def drawing(visit: Visit) -> Response:
    """A figure of the report."""
    report = read_report(visit.context, visit.its_collection, _which(visit))
    number = visit.arrival.place["number"]
    found = report.drawing(int(number)) if number.isascii() and number.isdecimal() else None
    if found is None:
        raise FormError("the report has no such figure")
    return Response(found, media_type="image/svg+xml", headers=_DRAWING)


def stop(visit: Visit) -> Response:
    """Ends it before it is done."""
    running = stop_evaluation(visit.context, visit.its_collection, _which(visit))
    said = (
        visit.gettext("The evaluation is stopped.")
        if running
        else visit.gettext("The evaluation had ended already.")
    )
    return go("accuracy", visit.its_collection, _which(visit), done=said)


def delete(visit: Visit) -> Response:
    """Deletes it with what came of it."""
    delete_evaluation(visit.context, visit.its_collection, _which(visit))
    return go("accuracy", visit.its_collection, done=visit.gettext("The evaluation is deleted."))


def apply(visit: Visit) -> Response:
    """Similarities stand for what it has measured."""
    pack = apply_calibration(visit.context, visit.its_collection, _which(visit))
    said = visit.gettext("Similarities of the pack %(pack)s stand for these rates now.", pack=pack)
    return go("accuracy", visit.its_collection, done=said)


def _which(visit: Visit) -> str:
    return visit.arrival.place["evaluation"]


def _shown(visit: Visit, error: str | None = None) -> Response:
    asked = PageRequest(visit.arrival.query.get("after"), _AT_ONCE)
    found = list_evaluations(visit.context, visit.its_collection, asked)
    return page(
        visit,
        "accuracy.html.j2",
        known=read_accuracy(visit.context, visit.its_collection),
        folders=evaluation_folders(visit.context),
        kinds=KINDS,
        evaluations=found.items,
        next=found.next,
        here=to("accuracy", visit.its_collection),
        error=error,
    )
