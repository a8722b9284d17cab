"""What the server needs: access keys, requests seen before, which rows changed when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NEVER = sa.text("0")


def upgrade() -> None:
    """Adds columns and tables; what is stored stays as it is."""
    op.add_column("events", sa.Column("request_id", sa.Text))
    op.add_column(
        "collections", sa.Column("pruned", sa.BigInteger, nullable=False, server_default=_NEVER)
    )
    op.add_column(
        "faces", sa.Column("revision", sa.BigInteger, nullable=False, server_default=_NEVER)
    )
    op.create_index("ix_faces_revision", "faces", ["collection_id", "revision"])
    op.create_table(
        "access_keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("rights", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text),
    )
    op.create_table(
        "request_nonces",
        sa.Column("nonce", sa.Text, primary_key=True),
        sa.Column("expires_at", sa.Text, nullable=False),
    )
    op.create_index("ix_request_nonces_expiry", "request_nonces", ["expires_at"])
    op.create_table(
        "request_tokens",
        sa.Column("actor", sa.Text, primary_key=True),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text, nullable=False),
    )
    op.create_index("ix_request_tokens_expiry", "request_tokens", ["expires_at"])
