"""Writes the types of the wire from Amazon's own service model.

    .venv/bin/python tools/generate_wire.py            writes the two files
    .venv/bin/python tools/generate_wire.py --check    exits 1 when they are out of date

The model is the one in the installed botocore, merged with our extensions
(`src/reknown/api/models`) by botocore's own loader, so that server and clients read the
same two files. `api/shapes.py` gets every shape that an implemented operation reaches,
`api/catalogue.py` every operation with its errors.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore
from botocore import xform_name
from botocore.loaders import Loader

ROOT = Path(__file__).resolve().parent.parent
API = ROOT / "src" / "reknown" / "api"
IMPLEMENTED = (
    "AssociateFaces",
    "CompareFaces",
    "CreateCollection",
    "CreateStreamProcessor",
    "CreateUser",
    "DeleteCollection",
    "DeleteFaces",
    "DeleteStreamProcessor",
    "DeleteUser",
    "DescribeCollection",
    "DescribeStreamProcessor",
    "DetectFaces",
    "DetectText",
    "DisassociateFaces",
    "GetCelebrityInfo",
    "GetCelebrityRecognition",
    "GetFaceDetection",
    "GetFaceSearch",
    "GetPersonTracking",
    "GetTextDetection",
    "IndexFaces",
    "ListCollections",
    "ListFaces",
    "ListStreamProcessors",
    "ListTagsForResource",
    "ListUsers",
    "RecognizeCelebrities",
    "ReknownDeleteFromArchive",
    "ReknownDescribePolicy",
    "ReknownExportTemplates",
    "ReknownFindSightings",
    "ReknownGrantApproval",
    "ReknownGroupSightings",
    "ReknownIgnoreGroup",
    "ReknownImportTemplates",
    "ReknownJudgeCandidate",
    "ReknownKeepApart",
    "ReknownListApprovals",
    "ReknownListArchive",
    "ReknownListCases",
    "ReknownListConsents",
    "ReknownListGroups",
    "ReknownListJobs",
    "ReknownLookThroughCamera",
    "ReknownMergeGroups",
    "ReknownMergeUsers",
    "ReknownMoveFaces",
    "ReknownNameGroup",
    "ReknownProposeMerges",
    "ReknownPutPolicy",
    "ReknownReadCase",
    "ReknownReadGroup",
    "ReknownRecordConsent",
    "ReknownRenameUser",
    "ReknownResumeSearches",
    "ReknownScanArchive",
    "ReknownSearchAllFacesByImage",
    "ReknownSplitGroup",
    "ReknownStopJob",
    "ReknownStopSearches",
    "ReknownUnnameGroup",
    "ReknownWithdrawApproval",
    "ReknownWithdrawConsent",
    "SearchFaces",
    "SearchFacesByImage",
    "SearchUsers",
    "SearchUsersByImage",
    "StartCelebrityRecognition",
    "StartFaceDetection",
    "StartFaceSearch",
    "StartPersonTracking",
    "StartStreamProcessor",
    "StartTextDetection",
    "StopStreamProcessor",
    "TagResource",
    "UntagResource",
    "UpdateStreamProcessor",
)
Model = Mapping[str, Any]

_PLAIN = {
    "blob": "bytes",
    "boolean": "bool",
    "double": "float",
    "float": "float",
    "integer": "int",
    "long": "int",
    "string": "str",
    "timestamp": "float",
}
# What names something that is stored is any name that may be stored: only what makes one is
# held to Amazon's alphabet, or what other entrances made could be listed and not be deleted.
_STORED = ("CollectionId", "UserId")
_MAKERS = ("CreateCollectionRequest", "CreateUserRequest")
_NAME = {"type": "string", "min": 1, "max": 255, "pattern": r"[^\x00\ud800-\udfff]+"}
# The model's integers are 32 and 64 bits wide where it names no limit.
_WIDEST = {"integer": 2**31 - 1, "long": 2**63 - 1}
# Python's `re` knows no Unicode properties. Inside a class, `\w` is exactly the letters,
# the numbers and "_" (all three are in the class that the tag patterns use them in), and
# the separators are these; tests/contract/test_wire_types.py compares them with Unicode.
_PROPERTIES = {
    r"\p{L}": r"\w",
    r"\p{N}": "",
    r"\p{Z}": r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}
_HEADER = '''"""{title}

Generated from rekognition/2016-06-27 of botocore {version} and our extensions
(api/models). Do not edit: change the model or the generator and run
`.venv/bin/python tools/generate_wire.py`.
"""
'''
_SHAPES_HEAD = '''
# The names, and so what each shape is, are Amazon's: they are documented in its API
# reference. Patterns are as long as they are.
# ruff: noqa: D101, E501

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class Shape(Struct, frozen=True, omit_defaults=True, rename="pascal"):
    """A structure of the wire; members that are None are absent there.

    Times are seconds since 1970 (UTC), blobs are the bytes themselves. The constraints
    are checked when a shape is decoded, not when it is made.
    """

'''
_CATALOGUE_HEAD = '''
from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from reknown.api import shapes

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Operation:
    """What the model says of an operation.

    `request` and `response` are None for those that are not implemented here; `errors`
    are the names that a client's generated code knows.
    """

    name: str
    request: type[shapes.Shape] | None
    response: type[shapes.Shape] | None
    errors: frozenset[str]


'''


def load_model() -> Model:
    """The service model with our extensions merged in, whatever ~/.aws holds."""
    loader = Loader(
        extra_search_paths=[Loader.BUILTIN_DATA_PATH, str(API / "models")],
        include_default_search_paths=False,
    )
    model: Model = loader.load_service_model("rekognition", "service-2", "2016-06-27")
    return _with_stored_names(model)


def _with_stored_names(model: Model) -> Model:
    shapes = {name: _naming(name, shape) for name, shape in model["shapes"].items()}
    return {**model, "shapes": {**shapes, "StoredName": _NAME}}


def _naming(name: str, shape: Model) -> Model:
    """The shape with what it names that is stored."""
    if name in _MAKERS:
        return shape
    if shape["type"] == "list":
        return {**shape, "member": _stored(shape["member"])}
    members = shape.get("members")
    if members is None:
        return shape
    return {**shape, "members": {key: _stored(member) for key, member in members.items()}}


def _stored(reference: Model) -> Model:
    return {**reference, "shape": "StoredName"} if reference["shape"] in _STORED else reference


def render(model: Model) -> dict[Path, str]:
    """Every generated file with its text, formatted."""
    texts = {
        API / "shapes.py": _title("The structures of the Rekognition protocol.")
        + _SHAPES_HEAD
        + "\n\n".join(_definition(name, model["shapes"]) for name in _reachable(model)),
        API / "catalogue.py": _title("Every operation of the Rekognition protocol.")
        + _CATALOGUE_HEAD
        + _catalogue(model),
    }
    return {path: _formatted(text, path) for path, text in texts.items()}


def _title(title: str) -> str:
    return _HEADER.format(title=title, version=botocore.__version__)


def _formatted(text: str, path: Path) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(path), "-"]
    done = subprocess.run(  # noqa: S603 - our own formatter on our own text
        command, input=text, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def _reachable(model: Model) -> list[str]:
    """The shapes of the implemented operations, each after those it refers to."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in found:
            return
        for reference in _references(model["shapes"][name]):
            visit(reference)
        found[name] = None

    for operation in IMPLEMENTED:
        for direction in ("input", "output"):
            visit(model["operations"][operation][direction]["shape"])
    return [name for name in found if _is_named(model["shapes"][name])]


def _references(shape: Model) -> Iterator[str]:
    inner = [shape[part] for part in ("member", "key", "value") if part in shape]
    for reference in (*inner, *shape.get("members", {}).values()):
        yield reference["shape"]


def _is_named(shape: Model) -> bool:
    """Whether a shape gets a name of its own; plain scalars and lists are written out."""
    return shape["type"] == "structure" or "enum" in shape or bool(_meta(shape))


def _definition(name: str, shapes: Model) -> str:
    shape = shapes[name]
    if shape["type"] == "structure":
        return _structure(name, shape, shapes)
    meta = _meta(shape)
    bare = _bare(shape, shapes)
    return f"{name} = Annotated[{bare}, Meta({', '.join(meta)})]" if meta else f"{name} = {bare}"


def _structure(name: str, shape: Model, shapes: Model) -> str:
    required = shape.get("required", ())
    lines = [
        _member(member, _annotation(reference["shape"], shapes), member in required)
        for member, reference in shape["members"].items()
    ]
    head = f"\nclass {name}(Shape, frozen=True, kw_only=True):"
    return "\n".join([head, *(lines or ["    pass"])]) + "\n"


def _member(member: str, annotation: str, required: bool) -> str:
    """One line of a class; the name is spelled out where renaming would not give it back."""
    attribute = xform_name(member)
    pascal = "".join(part[:1].upper() + part[1:] for part in attribute.split("_"))
    named = pascal != member
    if required:
        return f"    {attribute}: {annotation}" + (f' = field(name="{member}")' if named else "")
    default = f'field(default=None, name="{member}")' if named else "None"
    return f"    {attribute}: {annotation} | None = {default}"


def _annotation(name: str, shapes: Model) -> str:
    return name if _is_named(shapes[name]) else _bare(shapes[name], shapes)


def _bare(shape: Model, shapes: Model) -> str:
    """The type of a shape without its constraints."""
    if "enum" in shape:
        return f"Literal[{', '.join(repr(value) for value in shape['enum'])}]"
    if shape["type"] == "list":
        return f"tuple[{_annotation(shape['member']['shape'], shapes)}, ...]"
    if shape["type"] == "map":
        key, value = (_annotation(shape[part]["shape"], shapes) for part in ("key", "value"))
        return f"Mapping[{key}, {value}]"
    return _PLAIN[shape["type"]]


def _meta(shape: Model) -> list[str]:
    """The arguments of `msgspec.Meta` for the constraints of a shape."""
    if "enum" in shape:
        return []
    kind = shape["type"]
    number = kind in {"integer", "long", "float", "double"}
    least, most = ("ge", "le") if number else ("min_length", "max_length")
    found = [(least, shape.get("min")), (most, shape.get("max", _WIDEST.get(kind)))]
    arguments = [
        f"{name}={limit}"
        for name, limit in found
        # No list can be shorter than nothing.
        if limit is not None and not (limit == 0 and name == "min_length")
    ]
    return arguments + _pattern(shape.get("pattern"))


def _pattern(pattern: str | None) -> list[str]:
    """The pattern for Python, and as the model has it for what the client is told.

    Amazon matches whole strings, msgspec searches in them: hence the anchors.
    """
    if pattern is None:
        return []
    translated = pattern
    for theirs, ours in _PROPERTIES.items():
        translated = translated.replace(theirs, ours)
    anchored = rf"\A(?:{translated})\Z"
    re.compile(anchored)
    return [f'pattern=r"{anchored}"', f'extra={{"pattern": r"{pattern}"}}']


def _catalogue(model: Model) -> str:
    operations = model["operations"]
    common = frozenset.intersection(*(_errors(operation) for operation in operations.values()))
    entries = ",\n".join(_operation(name, model, common) for name in sorted(operations))
    return (
        f"_EVERY = frozenset({sorted(common)})\n\n"
        f"_ALL = (\n{entries},\n)\n\n"
        "OPERATIONS: Mapping[str, Operation] = MappingProxyType(\n"
        "    {operation.name: operation for operation in _ALL}\n)\n"
    )


def _errors(operation: Model) -> frozenset[str]:
    return frozenset(error["shape"] for error in operation["errors"])


def _operation(name: str, model: Model, common: frozenset[str]) -> str:
    operation = model["operations"][name]
    types = [
        f"shapes.{operation[direction]['shape']}" if name in IMPLEMENTED else "None"
        for direction in ("input", "output")
    ]
    own = ", ".join(f'"{error}"' for error in sorted(_errors(operation) - common))
    errors = f"_EVERY | {{{own}}}" if own else "_EVERY"
    return f'Operation("{name}", {types[0]}, {types[1]}, {errors})'


def _main(arguments: list[str]) -> int:
    files = render(load_model())
    if arguments not in ([], ["--check"]):
        print("usage: generate_wire.py [--check]", file=sys.stderr)
        return 2
    if not arguments:
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path for path, text in files.items() if _content(path) != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is out of date: run tools/generate_wire.py")
    return 1 if stale else 0


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
