from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reknown.api.metrics import Metrics
from reknown.biometrics.live import LiveCounts
from reknown.ledger.quotas import Quota, QuotaCount
from reknown.services.live.presence import MeasuredWatch
from reknown.services.quotas import KeyQuota


def lines(metrics: Metrics, faces: int | None = 0) -> set[str]:
    return set(metrics.text(faces).decode().splitlines())


def test_requests_are_counted_by_operation_and_code() -> None:
    metrics = Metrics()
    metrics.answered("DetectFaces", "", 0.03)
    metrics.answered("DetectFaces", "", 0.3)
    metrics.answered("DetectFaces", "AccessDeniedException", 0.001)
    assert {
        'reknown_requests_total{code="OK",operation="DetectFaces"} 2.0',
        'reknown_requests_total{code="AccessDeniedException",operation="DetectFaces"} 1.0',
        'reknown_request_seconds_count{operation="DetectFaces"} 3.0',
        'reknown_request_seconds_bucket{le="0.05",operation="DetectFaces"} 2.0',
    } <= lines(metrics)


def test_the_number_of_faces_stays_when_it_cannot_be_had() -> None:
    metrics = Metrics()
    assert 'reknown_faces{database=""} 7.0' in lines(metrics, 7)
    assert 'reknown_faces{database=""} 7.0' in lines(metrics, None)


def test_what_all_servers_of_a_database_tell_alike_says_of_which() -> None:
    text = Metrics().text(7, {"SUCCEEDED": 2}, "0a1b2c3d").decode()
    assert 'reknown_faces{database="0a1b2c3d"} 7.0' in text
    assert 'reknown_video_jobs{database="0a1b2c3d",state="SUCCEEDED"} 2.0' in text
    # what is each server's own does not
    assert text.count("database=") == 2
    assert "reknown_processes 1.0" in text


def test_quotas_are_told_by_key() -> None:
    count = QuotaCount(Quota("images", "day", 500), datetime(2026, 11, 29, tzinfo=UTC), 20)
    quotas = [KeyQuota("RK" + "A" * 18, count)]
    text = Metrics().text(7, {}, "0a1b2c3d", quotas).decode()
    labels = f'database="0a1b2c3d",key="RK{"A" * 18}",measure="images",period="day"'
    assert f"reknown_quota_used{{{labels}}} 20.0" in text
    assert f"reknown_quota_most{{{labels}}} 500.0" in text


def test_stages_that_fail_are_timed_too() -> None:
    metrics = Metrics()
    with pytest.raises(ValueError, match="no"), metrics.stage("decode"):
        raise ValueError("no")
    assert 'reknown_stage_seconds_count{stage="decode"} 1.0' in lines(metrics)


def test_servers_do_not_share_figures() -> None:
    one, other = Metrics(), Metrics()
    one.answered("DetectFaces", "", 0.1)
    assert not any("DetectFaces" in line for line in lines(other))


def test_stages_of_an_extraction_are_observed() -> None:
    metrics = Metrics()
    metrics.observe({"detect": 0.03, "embed": 0.003})
    metrics.observe({"detect": 0.3})
    assert {
        'reknown_stage_seconds_count{stage="detect"} 2.0',
        'reknown_stage_seconds_bucket{le="0.05",stage="detect"} 1.0',
        'reknown_stage_seconds_count{stage="embed"} 1.0',
    } <= lines(metrics)


def test_a_watch_that_sees_nothing_has_a_state_and_no_lag() -> None:
    metrics = Metrics()
    counts = LiveCounts(lag_seconds=0.25)

    def told(condition: str) -> tuple[str, list[str]]:
        metrics.watched("a", [MeasuredWatch("hall", True, counts, condition)])
        lines = metrics.text(None).decode().splitlines()
        (lag,) = (line for line in lines if line.startswith("reknown_watch_lag_seconds{"))
        states = [line for line in lines if line.startswith("reknown_watch_state{")]
        return lag.split()[1], [line for line in states if line.endswith(" 1.0")]

    for condition, lag in (("connected", "0.25"), ("lost", "NaN"), ("slow", "0.25")):
        state = f'reknown_watch_state{{database="a",state="{condition}",watch="hall"}} 1.0'
        assert told(condition) == (lag, [state])
