"""The tables of access keys; the gallery's migrations create them.

`key_uses` has a row for each process that limits keys: what they use of it at its count `beat`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text

metadata = MetaData()

access_keys = Table(
    "access_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("rights", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("purpose", Text),
)

key_uses = Table(
    "key_uses",
    metadata,
    Column("process", Text, primary_key=True),
    Column("beat", BigInteger, nullable=False),
    Column("uses", Text, nullable=False),
)
