"""Extensions: templates out of a collection and into another of the same space."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reknown.api import shapes
from reknown.api.paging import next_token, read_page
from reknown.api.wire_faces import bounding_box, known_gender, percent
from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.moved import MovedFaces
from reknown.biometrics.records import ImageRecord, KnownGender, MovedFace, NewFace, Profile
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.services.galleries import transfer

if TYPE_CHECKING:
    from reknown.api.call import Call


def export_templates(
    call: Call, request: shapes.ReknownExportTemplatesRequest
) -> shapes.ReknownExportTemplatesResponse:
    """A page of templates with the space that they are comparable in."""
    scope = f"ReknownExportTemplates {request.collection_id}"
    page = read_page(call, scope, request.next_token, request.max_results)
    found, following = transfer.export_templates(call.context, request.collection_id, page)
    space = found.space
    return shapes.ReknownExportTemplatesResponse(
        template_space=shapes.ReknownTemplateSpace(
            pack=space.pack, fingerprint=space.fingerprint, dimension=space.dimension
        ),
        templates=tuple(_exported(found, place) for place in range(len(found))),
        next_token=next_token(call, scope, following),
    )


def import_templates(
    call: Call, request: shapes.ReknownImportTemplatesRequest
) -> shapes.ReknownImportTemplatesResponse:
    """Adds templates under the face ids that they had; all or none."""
    stated = request.template_space
    space = TemplateSpace(stated.pack, stated.fingerprint, stated.dimension)
    imported = [_imported(template, space) for template in request.templates]
    moved = MovedFaces.of(space, imported)
    new = transfer.import_templates(call.context, request.collection_id, moved)
    return shapes.ReknownImportTemplatesResponse(imported=new, already_present=len(imported) - new)


def _exported(found: MovedFaces, place: int) -> shapes.ReknownTemplate:
    images, user = found.images, found.users[place]
    magnitude = float(found.magnitudes[place])
    width, height = images.sizes[place].tolist()
    return shapes.ReknownTemplate(
        face_id=found.face_ids[place],
        vector=found.vectors[place].astype("<f4").tobytes(),
        bounding_box=bounding_box(BoundingBox(*found.boxes[place].tolist())),
        confidence=percent(float(found.confidences[place])),
        quality=int(found.qualities[place]),
        magnitude=None if math.isnan(magnitude) else magnitude,
        image_sha256=images.sha256s[place],
        image_name=images.names[place][:255],
        image_width=width,
        image_height=height,
        external_image_id=found.external_ids[place],
        user_id=user,
        user_profile=None if user is None else _profile(found.profiles.get(user)),
    )


def _profile(profile: Profile | None) -> shapes.ReknownUserProfile | None:
    if not profile:
        return None
    return shapes.ReknownUserProfile(urls=profile.urls, known_gender=known_gender(profile))


def _told(profile: shapes.ReknownUserProfile | None) -> Profile | None:
    if profile is None:
        return None
    gender = None if profile.known_gender is None else profile.known_gender.type
    return Profile(profile.urls or (), None if gender is None else KnownGender(gender.lower()))


def _imported(template: shapes.ReknownTemplate, space: TemplateSpace) -> MovedFace:
    box = template.bounding_box
    sides = (box.left, box.top, box.width, box.height)
    if any(side is None for side in sides):
        raise InputError(f"{template.face_id}: a BoundingBox needs Left, Top, Width and Height")
    if len(template.vector) != 4 * space.dimension:
        raise InputError(
            f"{template.face_id}: a Vector of {len(template.vector)} bytes is not one of "
            f"{space.dimension} 32-bit floats"
        )
    vector = np.frombuffer(template.vector, "<f4").astype(np.float32)
    magnitude = template.magnitude
    if magnitude is not None and not 0 <= magnitude < math.inf:
        raise InputError(f"{template.face_id}: a Magnitude is a length, not {magnitude}")
    if template.user_profile is not None and template.user_id is None:
        raise InputError(f"{template.face_id}: a UserProfile needs a UserId")
    face = NewFace(
        template=Template(vector, space, magnitude),
        box=BoundingBox(*(float(side or 0) for side in sides)),
        confidence=template.confidence / 100,
        quality=template.quality,
        external_id=template.external_image_id,
        face_id=template.face_id,
    )
    image = ImageRecord(
        template.image_sha256,
        template.image_name or "",
        template.image_width,
        template.image_height,
    )
    return MovedFace(image, face, template.user_id, _told(template.user_profile))
