from __future__ import annotations

import resource

import pytest

from reknown.runtime.descriptors import fitting


@pytest.mark.parametrize(
    ("files", "connections"),
    [(resource.RLIM_INFINITY, 1000), (65_536, 1000), (1024, 768), (400, 200), (64, 32), (1, 1)],
)
def test_connections_leave_descriptors_for_the_rest(files: int, connections: int) -> None:
    assert fitting(1000, files) == connections
