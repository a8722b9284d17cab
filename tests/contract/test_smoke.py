from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servers import Server


def test_a_face_is_indexed_and_found(server: Server, name: str, eileen: bytes) -> None:
    client = server.client()
    client.create_collection(CollectionId=name)
    indexed = client.index_faces(CollectionId=name, Image={"Bytes": eileen}, ExternalImageId="e")
    found = client.search_faces_by_image(CollectionId=name, Image={"Bytes": eileen})
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [
        record["Face"]["FaceId"] for record in indexed["FaceRecords"]
    ]
