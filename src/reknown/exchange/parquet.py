"""Parquet files of templates, through Arrow: read in portions, written page by page."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np

from reknown.biometrics.errors import InputError
from reknown.exchange.columns import portion_of
from reknown.exchange.fields import (
    FIELDS,
    FORMAT,
    VECTORS,
    Field,
    Kind,
    require_dimension,
    require_known,
)
from reknown.exchange.stating import require_stated
from reknown.structs import resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray

    from reknown.biometrics.moved import MovedFaces
    from reknown.biometrics.templates import TemplateSpace
    from reknown.exchange.fields import Portion

_KEY = b"reknown"
_LONGEST_STATED = 10_000
_LARGEST_GROUP = 2**30
_LARGEST_METADATA = 2**24
_READ_AT_ONCE = 2**20


class _Stated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says of itself, as JSON under the key `reknown`."""

    format: int
    pack: str
    fingerprint: str


def require_support() -> None:
    """Raises `InputError` when this installation lacks what Parquet needs."""
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("pyarrow") is None:
        raise InputError("Parquet needs pyarrow: pip install 'reknown[parquet]'")


@dataclass(frozen=True, slots=True)
class ParquetTemplates:
    """As `files.TemplateFile` says."""

    count: int
    dimension: int
    space: TemplateSpace | None
    _file: Any

    def portions(self, rows: int) -> Iterator[Portion]:
        """As `files.TemplateFile` says."""
        with _explained():
            yield from self._portions(rows)

    def _portions(self, rows: int) -> Iterator[Portion]:
        done = 0
        for batch in self._file.iter_batches(batch_size=rows, use_threads=False):
            done += batch.num_rows
            yield {
                name: _read(FIELDS[name], column, self.dimension)
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
            }
        if done != self.count:
            raise InputError(f"it has {done:,} faces, not {self.count:,}: the file is damaged")


@contextlib.contextmanager
def open_parquet(file: BinaryIO) -> Iterator[ParquetTemplates]:
    """The templates of a file; what is wrong with it is an `InputError`."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - takes long

    with _explained():
        opened = pq.ParquetFile(
            file,
            buffer_size=_READ_AT_ONCE,
            pre_buffer=False,
            thrift_string_size_limit=_LARGEST_METADATA,
            thrift_container_size_limit=_LARGEST_METADATA,
            page_checksum_verification=True,
        )
        templates = _templates(opened)
    yield templates


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    import pyarrow as pa  # noqa: PLC0415 - takes long

    try:
        yield
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(f"it asks for more memory than there is: {error}") from error
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError) as error:
        why = str(error).strip().splitlines()[:1]
        raise InputError(f"it is no Parquet file that can be read: {''.join(why)}") from error


def _templates(opened: Any) -> ParquetTemplates:
    schema, metadata = opened.schema_arrow, opened.metadata
    if len(set(schema.names)) != len(schema.names):
        raise InputError("it has a column twice")
    require_known(schema.names)
    for number in range(metadata.num_row_groups):
        if metadata.row_group(number).total_byte_size > _LARGEST_GROUP:
            raise InputError("it has row groups of gigabytes: write it with row_group_size=50_000")
    dimension = _dimension(opened, schema.field(VECTORS).type)
    require_dimension(dimension)
    for field in schema:
        _require_type(FIELDS[field.name], field.type)
    stated = (schema.metadata or {}).get(_KEY)
    if stated is None:
        return ParquetTemplates(metadata.num_rows, dimension, None, opened)
    said = _stated(stated)
    given = {"pack": said.pack, "fingerprint": said.fingerprint}
    space = require_stated(said.format, given, dimension)
    return ParquetTemplates(metadata.num_rows, dimension, space, opened)


def _stated(data: bytes) -> _Stated:
    if len(data) > _LONGEST_STATED:
        raise InputError("what it says of its space is too long")
    try:
        return msgspec.json.decode(data, type=resolved(_Stated))
    except msgspec.DecodeError as error:
        raise InputError(f"what it says of its space cannot be read: {error}") from error


def _dimension(opened: Any, kind: Any) -> int:
    """How many values the templates have: as the type says, or the first of them shows."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_fixed_size_list(kind):
        return int(kind.list_size)
    if not pa.types.is_list(kind) and not pa.types.is_large_list(kind):
        raise InputError(f"vectors are {kind}: they have to be lists of numbers")
    first = next(opened.iter_batches(batch_size=1, columns=[VECTORS], use_threads=False), None)
    if first is None or not first.num_rows or not first.column(0)[0].is_valid:
        raise InputError("the first of its vectors is missing")
    return len(first.column(0)[0])


def _require_type(field: Field, kind: Any) -> None:
    import pyarrow as pa  # noqa: PLC0415

    types = pa.types
    if field.kind is Kind.TEXT:
        value = kind.value_type if types.is_dictionary(kind) else kind
        fits = types.is_string(value) or types.is_large_string(value)
    else:
        wide = field.width != 1
        lists = types.is_fixed_size_list(kind) or types.is_list(kind) or types.is_large_list(kind)
        value = kind.value_type if lists and wide else kind
        whole = types.is_integer(value)
        fits = lists is wide and (whole or (types.is_floating(value) and field.kind is Kind.FLOAT))
    if not fits:
        many = "lists of " if field.width != 1 else ""
        raise InputError(f"{field.name} are {kind}: they have to be {many}{field.kind.value}s")


def _read(field: Field, column: Any, dimension: int) -> Sequence[str] | NDArray[Any]:
    if field.kind is Kind.TEXT:
        return [text or "" for text in column.to_pylist()]
    if field.width == 1:
        if column.null_count and field.name != "magnitudes":
            raise InputError(f"{field.name} miss a value")
        return _array(column)
    width = field.width or dimension
    if column.null_count or any(len(each) != width for each in _odd(column, width)):
        raise InputError(f"{field.name} are not all lists of {width}")
    values = column.flatten()
    if values.null_count:
        raise InputError(f"{field.name} miss a value")
    return _array(values).reshape(len(column), width)


def _odd(column: Any, width: int) -> Sequence[Any]:
    """Lists that may be of another length."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_fixed_size_list(column.type):
        return () if column.type.list_size == width else column[:1]
    lengths = np.diff(column.offsets.to_numpy())
    return [column[int(place)] for place in np.flatnonzero(lengths != width)[:1]]


def _array(column: Any) -> NDArray[Any]:
    read = column.to_numpy(zero_copy_only=False)
    return cast("NDArray[Any]", read)


class ParquetWriter:
    """Writes a row group a page."""

    def __init__(self, file: BinaryIO, space: TemplateSpace, count: int) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._count, self._written = count, 0
        self._schema = _schema(space)
        # vectors are noise, and hardly get smaller
        texts = [field.name for field in FIELDS.values() if field.kind is Kind.TEXT]
        self._writer = pq.ParquetWriter(
            file,
            self._schema,
            compression={field.name: "zstd" for field in FIELDS.values() if field.width == 1},
            use_dictionary=[name for name in texts if name.startswith("user")],
            write_page_checksum=True,
            store_schema=True,
        )

    def write(self, moved: MovedFaces) -> None:
        """As `files.TemplateWriter` says."""
        import pyarrow as pa  # noqa: PLC0415

        self._written += len(moved)
        portion = portion_of(moved)
        columns = [
            _column(field, portion[field.name], self._schema.field(field.name).type)
            for field in FIELDS.values()
        ]
        self._writer.write_table(pa.table(columns, schema=self._schema))

    def finish(self) -> None:
        """As `files.TemplateWriter` says."""
        if self._written != self._count:
            raise InputError(f"{self._count:,} faces were to be written, not {self._written:,}")

    def close(self) -> None:
        """As `files.TemplateWriter` says."""
        self._writer.close()


def _schema(space: TemplateSpace) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    numbers = {"<f4": pa.float32(), "<f8": pa.float64(), "<i4": pa.int32()}
    fields = []
    for field in FIELDS.values():
        kind = pa.string() if field.kind is Kind.TEXT else numbers[field.type]
        if field.width != 1:
            kind = pa.list_(kind, field.width or space.dimension)
        fields.append(pa.field(field.name, kind))
    stated = msgspec.json.encode(_Stated(FORMAT, space.pack, space.fingerprint))
    return pa.schema(fields, metadata={_KEY: stated})


def _column(field: Field, values: Any, kind: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    if field.kind is Kind.TEXT:
        return pa.array(values, kind)
    flat = np.ascontiguousarray(values, field.type).reshape(-1)
    if field.width == 1:
        return pa.array(flat, kind)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), type=kind)
