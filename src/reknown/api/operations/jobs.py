"""Extensions: long work on a collection, whoever started it, on its way and stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.paging import next_token, read_page
from reknown.services.archive.additions import scan_archive as ensured_scan
from reknown.services.videos import stopping

if TYPE_CHECKING:
    from reknown.api.call import Call


def list_jobs(call: Call, request: shapes.ReknownListJobsRequest) -> shapes.ReknownListJobsResponse:
    """The newest first."""
    scope = f"ReknownListJobs {request.collection_id}"
    page = read_page(call, scope, request.next_token, request.max_results)
    found = stopping.list_jobs(call.context, page, collection=request.collection_id)
    return shapes.ReknownListJobsResponse(
        jobs=tuple(map(_job, found.items)), next_token=next_token(call, scope, found.next)
    )


def stop_job(call: Call, request: shapes.ReknownStopJobRequest) -> shapes.ReknownStopJobResponse:
    """Of a collection that the key may see."""
    stopping.stop_job(call.context, request.job_id, call.rights.permits_collection)
    return shapes.ReknownStopJobResponse()


def scan_archive(
    call: Call, request: shapes.ReknownScanArchiveRequest
) -> shapes.ReknownScanArchiveResponse:
    """By a worker, in time."""
    return shapes.ReknownScanArchiveResponse(
        job_id=ensured_scan(call.context, request.collection_id)
    )


def _job(it: stopping.Job) -> shapes.ReknownJob:
    return shapes.ReknownJob(
        job_id=it.job_id,
        kind=it.kind,
        status=it.state.value,
        stopping=it.stopping,
        share=None if it.progress is None else it.progress.share,
        started_by=it.actor,
        started_at=it.created_at.timestamp(),
        finished_at=None if it.finished_at is None else it.finished_at.timestamp(),
        message=it.message,
    )
