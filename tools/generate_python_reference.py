"""Writes docs/reference/python.md: the Python client, its answers and its errors.

    .venv/bin/python tools/generate_python_reference.py [--check]

`--check` writes nothing and ends with 1 when the page is not up to date.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reknown import Among, errors, results
from reknown._archive import Archive
from reknown._people import People
from reknown._policies import Policies
from reknown._reviews import Reviews
from reknown._watches import Watches
from reknown.biometrics.candidates import Candidate, CandidateList, Comparison
from reknown.biometrics.faces import DetectedFace, FaceQuality, Pose, QualityMeasure
from reknown.biometrics.geometry import BoundingBox, Landmarks, Point
from reknown.biometrics.records import Collection
from reknown.biometrics.sightings import Medium, Taken
from reknown.client import Collections, Reknown
from reknown.gallery.groups import GroupRecord
from reknown.services.archive.scan import ScannedFile
from reknown.services.live.watch_options import WatchOptions
from reknown.services.videos.identification import Appearance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PAGE = Path(__file__).parent.parent / "docs" / "reference" / "python.md"
_WIDTH = 88
_PARTS = (
    DetectedFace,
    BoundingBox,
    Landmarks,
    Point,
    Pose,
    FaceQuality,
    QualityMeasure,
    Candidate,
    CandidateList,
    Comparison,
    Appearance,
    Collection,
    Medium,
    Taken,
    ScannedFile,
    GroupRecord,
)
_HEAD = """# Python client

```python
from reknown import Reknown

with Reknown() as reknown:
    reknown.enroll("people/")
    print(reknown.identify("party.jpg"))
```

`reknown` has five public names: `Reknown`, `Among`, `errors`, `results` and `__version__`.
Everything else in the package may change without notice.
[Use it from Python](../how-to/use-from-python.md) shows
it at work. This page is generated from the code: `tools/generate_python_reference.py`.

In signatures, `FilePath` is `str | PathLike[str]`; `Image` is `FilePath`, `bytes`, a Pillow image
or an array `NDArray[np.uint8]`; `Progress` is `Callable[[int, int], None]`.
`**options: Unpack[WatchOptions]` are the [options of a watch](#options-of-a-watch), each by its
name.
"""


def page() -> str:
    """The whole page."""
    sections = [
        _HEAD,
        *_class(Reknown),
        _answer(Among).replace("### ", "## ", 1),
        *_class(Collections),
        *_class(Archive),
        *_class(People),
        *_class(Policies),
        *_class(Reviews),
        *_class(Watches),
        f"## Options of a watch\n\n{_doc(WatchOptions)}\n",
        f"## Answers\n\n{_doc(results)}\n",
        *(_answer(getattr(results, name)) for name in results.__all__),
        "## Parts of answers\n",
        *map(_answer, _PARTS),
        f"## Errors\n\n{_doc(errors)}",
    ]
    return "\n".join(sections).replace(*_tree()) + "\n"


def _class(owner: type) -> Iterator[str]:
    yield f"## {owner.__name__}\n"
    if owner is Reknown:
        yield _fenced(_signature(owner.__name__, vars(owner)["__init__"], shown=False))
    yield f"{_doc(owner)}\n"
    for name, member in vars(owner).items():
        if name.startswith("_") and name != "__getitem__":
            continue
        yield f"### {owner.__name__}.{name}\n".replace(".__getitem__", "[name]")
        if isinstance(member, property):
            yield _fenced(f"{name}: {_returned(member)}")
        elif name == "__getitem__":
            yield _fenced(f"[name] -> {inspect.signature(member).return_annotation}")
        else:
            yield _fenced(_signature(name, member))
        yield f"{_doc(member)}\n"


def _answer(kind: type) -> str:
    names = [field.name for field in fields(kind)]
    shown = [f"{one.name}: {one.type}" for one in fields(kind) if not one.name.startswith("_")]
    lines = [f"### {kind.__name__}\n", f"{_doc(kind)}\n", _fenced("\n".join(shown))]
    for name, member in vars(kind).items():
        if name.startswith("_") or name in names:
            continue
        if isinstance(member, property):
            lines.append(f"- `{name}: {_returned(member)}`: {_doc(member)}")
        elif inspect.isfunction(member):
            lines.append(f"- `{_signature(name, member)}`: {_doc(member)}")
    return "\n".join(lines).rstrip() + "\n"


def _signature(name: str, function: Callable[..., Any], *, shown: bool = True) -> str:
    """On one line, or a parameter a line where that is too long."""
    parameters, star = [], False
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parameters.append("*")
            star = True
        default = "" if parameter.default is parameter.empty else f" = {_value(parameter.default)}"
        stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
        parameters.append(f"{stars}{parameter.name}: {parameter.annotation}{default}")
    result = f" -> {inspect.signature(function).return_annotation}" if shown else ""
    line = f"{name}({', '.join(parameters)}){result}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {one}," for one in parameters), f"){result}"])


def _value(default: object) -> str:
    return f'"{default}"' if isinstance(default, str) else repr(default)


def _returned(member: property) -> str:
    assert member.fget is not None
    return str(inspect.signature(member.fget).return_annotation)


def _doc(member: object) -> str:
    return inspect.getdoc(member) or ""


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```\n"


def _tree() -> tuple[str, str]:
    """The drawing of the tree of errors, and the same in a fence."""
    drawing = _doc(errors).partition("\n\n")[2].strip()
    return drawing, f"```text\n{drawing}\n```"


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv:
        sys.exit(not _PAGE.exists() or _PAGE.read_text(encoding="utf-8") != text)
    _PAGE.write_text(text, encoding="utf-8")
