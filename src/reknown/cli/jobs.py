"""`reknown jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from reknown.services.videos.stopping import Job

cli = typer.Typer(
    help="Long work that workers do: films that are searched, archives that are scanned.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_COLUMNS = ("job", "kind", "collection", "state", "done", "started by", "started", "message")


@cli.command("list")
def list_(
    collection: Annotated[
        str | None,
        typer.Option("--collection", "-c", metavar="NAME", help="Those on this gallery alone."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the jobs that wait, that are worked on, and that ended within seven days."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services.galleries.pages import all_pages
    from reknown.services.videos.stopping import list_jobs

    with open_context(data) as context:
        found = list(all_pages(lambda page: list_jobs(context, page, collection=collection)))
    if json:
        for job in found:
            print_json(_json(job))
    elif found:
        print_table(_COLUMNS, [_row(job) for job in found])
    else:
        typer.echo("no jobs: clients of `reknown serve` and its console start them")


@cli.command()
def stop(
    job_id: Annotated[
        str, typer.Argument(metavar="JOB", help="Its id, as `reknown jobs list` shows it.")
    ],
    data: Data = None,
    json: Json = False,
) -> None:
    """Stop a job: what it has found so far is not kept, and it ends as failed."""
    from reknown.cli.output import print_json
    from reknown.cli.session import open_context
    from reknown.services.videos.stopping import stop_job

    with open_context(data) as context:
        stop_job(context, job_id, lambda _: True)
    if json:
        print_json({"job": job_id, "stopped": True})
    else:
        typer.echo("stopped: the next free worker ends it")


def _json(job: Job) -> dict[str, object]:
    return {
        "job": job.job_id,
        "kind": job.kind,
        "collection": job.collection,
        "state": job.state,
        "share": None if job.progress is None else job.progress.share,
        "started_by": job.actor,
        "started_at": job.created_at,
        "finished_at": job.finished_at,
        "message": job.message,
    }


def _row(job: Job) -> tuple[object, ...]:
    from reknown.cli.output import percent

    share = None if job.progress is None else job.progress.share
    return (
        job.job_id,
        job.kind,
        job.collection or "",
        job.state.value,
        "" if share is None else percent(100 * share),
        job.actor,
        f"{job.created_at:%Y-%m-%d %H:%M} UTC",
        job.message or "",
    )
