"""The table of access keys; the gallery's migrations create it."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, MetaData, Table, Text

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
