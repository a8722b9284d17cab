"""Columns that no index serves, so that a statement goes by its key and by nothing else.

SQLite without statistics takes a whole collection for fewer rows than three ids name.
PostgreSQL walks through everything in order where it hopes to meet the wanted row soon. Neither
has an index of an expression, so what only confirms or sorts the rows of a key is written as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Text, UnaryExpression, literal_column
from sqlalchemy.sql.operators import custom_op

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnClause, ColumnElement

Value = TypeVar("Value")

_PLUS = custom_op[object]("+")
_NOTHING: ColumnClause[str] = literal_column("''")


def unindexed(column: Column[Value]) -> ColumnElement[Value]:
    """The value of a column of numbers or text, for conditions and orders without an index."""
    if isinstance(column.type, Text):
        return column.concat(_NOTHING)
    return UnaryExpression(column, operator=_PLUS, type_=column.type)
