"""What came of an image, as plain values that can be compared."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import ImageError

if TYPE_CHECKING:
    from reknown.services.executor import Executor
    from reknown.vision.extraction import ExtractionPolicy


def outcome(executor: Executor, data: bytes, policy: ExtractionPolicy) -> Any:
    """All that is to be known of what came of it."""
    try:
        found = executor.extract(data, policy)
    except ImageError as error:
        return type(error), str(error)
    templates = [
        None if each.template is None else (each.template.vector.tobytes(), each.template.magnitude)
        for each in found.found
    ]
    rest = {f.name: getattr(found, f.name) for f in dataclasses.fields(found) if f.compare}
    rest["found"] = [dataclasses.replace(each, template=None) for each in found.found]
    return rest, templates
