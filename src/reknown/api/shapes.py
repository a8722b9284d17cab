"""The structures of the Rekognition protocol.

Generated from rekognition/2016-06-27 of botocore 1.44.5 and our extensions
(api/models). Do not edit: change the model or the generator and run
`.venv/bin/python tools/generate_wire.py`.
"""

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


StoredName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"\A(?:[^\x00\ud800-\udfff]+)\Z",
        extra={"pattern": r"[^\x00\ud800-\udfff]+"},
    ),
]

FaceId = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\Z",
        extra={"pattern": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"},
    ),
]

UserFaceIdList = Annotated[tuple[FaceId, ...], Meta(min_length=1, max_length=100)]

Percent = Annotated[float, Meta(ge=0, le=100)]

ClientRequestToken = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"\A(?:^[a-zA-Z0-9-_]+$)\Z",
        extra={"pattern": r"^[a-zA-Z0-9-_]+$"},
    ),
]


class AssociateFacesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    user_id: StoredName
    face_ids: UserFaceIdList
    user_match_threshold: Percent | None = None
    client_request_token: ClientRequestToken | None = None


class AssociatedFace(Shape, frozen=True, kw_only=True):
    face_id: FaceId | None = None


AssociatedFacesList = Annotated[tuple[AssociatedFace, ...], Meta(max_length=100)]

UnsuccessfulFaceAssociationReason = Literal[
    "FACE_NOT_FOUND", "ASSOCIATED_TO_A_DIFFERENT_USER", "LOW_MATCH_CONFIDENCE"
]


class UnsuccessfulFaceAssociation(Shape, frozen=True, kw_only=True):
    face_id: FaceId | None = None
    user_id: StoredName | None = None
    confidence: Percent | None = None
    reasons: tuple[UnsuccessfulFaceAssociationReason, ...] | None = None


UnsuccessfulFaceAssociationList = Annotated[
    tuple[UnsuccessfulFaceAssociation, ...], Meta(max_length=500)
]

UserStatus = Literal["ACTIVE", "UPDATING", "CREATING", "CREATED"]


class AssociateFacesResponse(Shape, frozen=True, kw_only=True):
    associated_faces: AssociatedFacesList | None = None
    unsuccessful_face_associations: UnsuccessfulFaceAssociationList | None = None
    user_status: UserStatus | None = None


ImageBlob = Annotated[bytes, Meta(min_length=1, max_length=5242880)]

S3Bucket = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=255,
        pattern=r"\A(?:[0-9A-Za-z\.\-_]*)\Z",
        extra={"pattern": r"[0-9A-Za-z\.\-_]*"},
    ),
]

S3ObjectName = Annotated[str, Meta(min_length=1, max_length=1024)]

S3ObjectVersion = Annotated[str, Meta(min_length=1, max_length=1024)]


class S3Object(Shape, frozen=True, kw_only=True):
    bucket: S3Bucket | None = None
    name: S3ObjectName | None = None
    version: S3ObjectVersion | None = None


class Image(Shape, frozen=True, kw_only=True):
    bytes: ImageBlob | None = None
    s3_object: S3Object | None = None


QualityFilter = Literal["NONE", "AUTO", "LOW", "MEDIUM", "HIGH"]


class CompareFacesRequest(Shape, frozen=True, kw_only=True):
    source_image: Image
    target_image: Image
    similarity_threshold: Percent | None = None
    quality_filter: QualityFilter | None = None


class BoundingBox(Shape, frozen=True, kw_only=True):
    width: float | None = None
    height: float | None = None
    left: float | None = None
    top: float | None = None


class ComparedSourceImageFace(Shape, frozen=True, kw_only=True):
    bounding_box: BoundingBox | None = None
    confidence: Percent | None = None


LandmarkType = Literal[
    "eyeLeft",
    "eyeRight",
    "nose",
    "mouthLeft",
    "mouthRight",
    "leftEyeBrowLeft",
    "leftEyeBrowRight",
    "leftEyeBrowUp",
    "rightEyeBrowLeft",
    "rightEyeBrowRight",
    "rightEyeBrowUp",
    "leftEyeLeft",
    "leftEyeRight",
    "leftEyeUp",
    "leftEyeDown",
    "rightEyeLeft",
    "rightEyeRight",
    "rightEyeUp",
    "rightEyeDown",
    "noseLeft",
    "noseRight",
    "mouthUp",
    "mouthDown",
    "leftPupil",
    "rightPupil",
    "upperJawlineLeft",
    "midJawlineLeft",
    "chinBottom",
    "midJawlineRight",
    "upperJawlineRight",
]


class Landmark(Shape, frozen=True, kw_only=True):
    type: LandmarkType | None = None
    x: float | None = None
    y: float | None = None


Degree = Annotated[float, Meta(ge=-180, le=180)]


class Pose(Shape, frozen=True, kw_only=True):
    roll: Degree | None = None
    yaw: Degree | None = None
    pitch: Degree | None = None


class ImageQuality(Shape, frozen=True, kw_only=True):
    brightness: float | None = None
    sharpness: float | None = None


EmotionName = Literal[
    "HAPPY", "SAD", "ANGRY", "CONFUSED", "DISGUSTED", "SURPRISED", "CALM", "UNKNOWN", "FEAR"
]


class Emotion(Shape, frozen=True, kw_only=True):
    type: EmotionName | None = None
    confidence: Percent | None = None


class Smile(Shape, frozen=True, kw_only=True):
    value: bool | None = None
    confidence: Percent | None = None


class ComparedFace(Shape, frozen=True, kw_only=True):
    bounding_box: BoundingBox | None = None
    confidence: Percent | None = None
    landmarks: tuple[Landmark, ...] | None = None
    pose: Pose | None = None
    quality: ImageQuality | None = None
    emotions: tuple[Emotion, ...] | None = None
    smile: Smile | None = None


class CompareFacesMatch(Shape, frozen=True, kw_only=True):
    similarity: Percent | None = None
    face: ComparedFace | None = None
    reknown_false_match_rate: float | None = None


OrientationCorrection = Literal["ROTATE_0", "ROTATE_90", "ROTATE_180", "ROTATE_270"]

Reason = Literal[
    "EXCEEDS_MAX_FACES",
    "EXTREME_POSE",
    "LOW_BRIGHTNESS",
    "LOW_SHARPNESS",
    "LOW_CONFIDENCE",
    "SMALL_BOUNDING_BOX",
    "LOW_FACE_QUALITY",
]


class ReknownRefusal(Shape, frozen=True, kw_only=True):
    reason: str | None = None
    measure: str | None = None
    measured: float | None = None
    required: float | None = None
    message: str | None = None


class ReknownUncomparedFace(Shape, frozen=True, kw_only=True):
    face: ComparedFace | None = None
    reasons: tuple[Reason, ...] | None = None
    reknown_refusals: tuple[ReknownRefusal, ...] | None = None


class CompareFacesResponse(Shape, frozen=True, kw_only=True):
    source_image_face: ComparedSourceImageFace | None = None
    face_matches: tuple[CompareFacesMatch, ...] | None = None
    unmatched_faces: tuple[ComparedFace, ...] | None = None
    source_image_orientation_correction: OrientationCorrection | None = None
    target_image_orientation_correction: OrientationCorrection | None = None
    reknown_uncompared_faces: tuple[ReknownUncomparedFace, ...] | None = None


CollectionId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"\A(?:[a-zA-Z0-9_.\-]+)\Z",
        extra={"pattern": r"[a-zA-Z0-9_.\-]+"},
    ),
]

TagKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=r"\A(?:^(?!aws:)[\w \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000_.:/=+\-@]*$)\Z",
        extra={"pattern": r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$"},
    ),
]

TagValue = Annotated[
    str,
    Meta(
        max_length=256,
        pattern=r"\A(?:^([\w \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000_.:/=+\-@]*)$)\Z",
        extra={"pattern": r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"},
    ),
]

TagMap = Annotated[Mapping[TagKey, TagValue], Meta(max_length=200)]


class CreateCollectionRequest(Shape, frozen=True, kw_only=True):
    collection_id: CollectionId
    tags: TagMap | None = None


UInteger = Annotated[int, Meta(ge=0, le=2147483647)]


class CreateCollectionResponse(Shape, frozen=True, kw_only=True):
    status_code: UInteger | None = None
    collection_arn: str | None = None
    face_model_version: str | None = None


KinesisVideoArn = Annotated[
    str,
    Meta(
        pattern=r"\A(?:(^arn:([a-z\d-]+):kinesisvideo:([a-z\d-]+):\d{12}:.+$))\Z",
        extra={"pattern": r"(^arn:([a-z\d-]+):kinesisvideo:([a-z\d-]+):\d{12}:.+$)"},
    ),
]


class KinesisVideoStream(Shape, frozen=True, kw_only=True):
    arn: KinesisVideoArn | None = None


class StreamProcessorInput(Shape, frozen=True, kw_only=True):
    kinesis_video_stream: KinesisVideoStream | None = None


KinesisDataArn = Annotated[
    str,
    Meta(
        pattern=r"\A(?:(^arn:([a-z\d-]+):kinesis:([a-z\d-]+):\d{12}:.+$))\Z",
        extra={"pattern": r"(^arn:([a-z\d-]+):kinesis:([a-z\d-]+):\d{12}:.+$)"},
    ),
]


class KinesisDataStream(Shape, frozen=True, kw_only=True):
    arn: KinesisDataArn | None = None


S3KeyPrefix = Annotated[str, Meta(max_length=1024)]


class S3Destination(Shape, frozen=True, kw_only=True):
    bucket: S3Bucket | None = None
    key_prefix: S3KeyPrefix | None = None


class StreamProcessorOutput(Shape, frozen=True, kw_only=True):
    kinesis_data_stream: KinesisDataStream | None = None
    s3_destination: S3Destination | None = None


StreamProcessorName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=r"\A(?:[a-zA-Z0-9_.\-]+)\Z",
        extra={"pattern": r"[a-zA-Z0-9_.\-]+"},
    ),
]


class FaceSearchSettings(Shape, frozen=True, kw_only=True):
    collection_id: StoredName | None = None
    face_match_threshold: Percent | None = None


ConnectedHomeLabels = Annotated[tuple[str, ...], Meta(min_length=1, max_length=128)]


class ConnectedHomeSettings(Shape, frozen=True, kw_only=True):
    labels: ConnectedHomeLabels
    min_confidence: Percent | None = None


class StreamProcessorSettings(Shape, frozen=True, kw_only=True):
    face_search: FaceSearchSettings | None = None
    connected_home: ConnectedHomeSettings | None = None


RoleArn = Annotated[
    str,
    Meta(
        pattern=r"\A(?:arn:aws:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+)\Z",
        extra={"pattern": r"arn:aws:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"},
    ),
]

SNSTopicArn = Annotated[
    str,
    Meta(
        pattern=r"\A(?:(^arn:aws:sns:.*:\w{12}:.+$))\Z",
        extra={"pattern": r"(^arn:aws:sns:.*:\w{12}:.+$)"},
    ),
]


class StreamProcessorNotificationChannel(Shape, frozen=True, kw_only=True):
    sns_topic_arn: SNSTopicArn = field(name="SNSTopicArn")


KmsKeyId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2048,
        pattern=r"\A(?:^[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,2048}$)\Z",
        extra={"pattern": r"^[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,2048}$"},
    ),
]


class Point(Shape, frozen=True, kw_only=True):
    x: float | None = None
    y: float | None = None


class RegionOfInterest(Shape, frozen=True, kw_only=True):
    bounding_box: BoundingBox | None = None
    polygon: tuple[Point, ...] | None = None


RegionsOfInterest = Annotated[tuple[RegionOfInterest, ...], Meta(max_length=10)]


class StreamProcessorDataSharingPreference(Shape, frozen=True, kw_only=True):
    opt_in: bool


class CreateStreamProcessorRequest(Shape, frozen=True, kw_only=True):
    input: StreamProcessorInput
    output: StreamProcessorOutput
    name: StreamProcessorName
    settings: StreamProcessorSettings
    role_arn: RoleArn
    tags: TagMap | None = None
    notification_channel: StreamProcessorNotificationChannel | None = None
    kms_key_id: KmsKeyId | None = None
    regions_of_interest: RegionsOfInterest | None = None
    data_sharing_preference: StreamProcessorDataSharingPreference | None = None


StreamProcessorArn = Annotated[
    str,
    Meta(
        pattern=r"\A(?:(^arn:[a-z\d-]+:rekognition:[a-z\d-]+:\d{12}:streamprocessor\/.+$))\Z",
        extra={"pattern": r"(^arn:[a-z\d-]+:rekognition:[a-z\d-]+:\d{12}:streamprocessor\/.+$)"},
    ),
]


class CreateStreamProcessorResponse(Shape, frozen=True, kw_only=True):
    stream_processor_arn: StreamProcessorArn | None = None


UserId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=r"\A(?:[a-zA-Z0-9_.\-:]+)\Z",
        extra={"pattern": r"[a-zA-Z0-9_.\-:]+"},
    ),
]


class CreateUserRequest(Shape, frozen=True, kw_only=True):
    collection_id: CollectionId
    user_id: UserId
    client_request_token: ClientRequestToken | None = None


class CreateUserResponse(Shape, frozen=True, kw_only=True):
    pass


class DeleteCollectionRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName


class DeleteCollectionResponse(Shape, frozen=True, kw_only=True):
    status_code: UInteger | None = None


FaceIdList = Annotated[tuple[FaceId, ...], Meta(min_length=1, max_length=4096)]


class DeleteFacesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    face_ids: FaceIdList


UnsuccessfulFaceDeletionReason = Literal["ASSOCIATED_TO_AN_EXISTING_USER", "FACE_NOT_FOUND"]


class UnsuccessfulFaceDeletion(Shape, frozen=True, kw_only=True):
    face_id: FaceId | None = None
    user_id: StoredName | None = None
    reasons: tuple[UnsuccessfulFaceDeletionReason, ...] | None = None


UnsuccessfulFaceDeletionsList = Annotated[
    tuple[UnsuccessfulFaceDeletion, ...], Meta(max_length=4096)
]


class DeleteFacesResponse(Shape, frozen=True, kw_only=True):
    deleted_faces: FaceIdList | None = None
    unsuccessful_face_deletions: UnsuccessfulFaceDeletionsList | None = None


class DeleteStreamProcessorRequest(Shape, frozen=True, kw_only=True):
    name: StreamProcessorName


class DeleteStreamProcessorResponse(Shape, frozen=True, kw_only=True):
    pass


class DeleteUserRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    user_id: StoredName
    client_request_token: ClientRequestToken | None = None


class DeleteUserResponse(Shape, frozen=True, kw_only=True):
    pass


class DescribeCollectionRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName


ULong = Annotated[int, Meta(ge=0, le=9223372036854775807)]


class DescribeCollectionResponse(Shape, frozen=True, kw_only=True):
    face_count: ULong | None = None
    face_model_version: str | None = None
    collection_arn: str | None = field(default=None, name="CollectionARN")
    creation_timestamp: float | None = None
    user_count: ULong | None = None


class DescribeStreamProcessorRequest(Shape, frozen=True, kw_only=True):
    name: StreamProcessorName


StreamProcessorStatus = Literal["STOPPED", "STARTING", "RUNNING", "FAILED", "STOPPING", "UPDATING"]


class DescribeStreamProcessorResponse(Shape, frozen=True, kw_only=True):
    name: StreamProcessorName | None = None
    stream_processor_arn: StreamProcessorArn | None = None
    status: StreamProcessorStatus | None = None
    status_message: str | None = None
    creation_timestamp: float | None = None
    last_update_timestamp: float | None = None
    input: StreamProcessorInput | None = None
    output: StreamProcessorOutput | None = None
    role_arn: RoleArn | None = None
    settings: StreamProcessorSettings | None = None
    notification_channel: StreamProcessorNotificationChannel | None = None
    kms_key_id: KmsKeyId | None = None
    regions_of_interest: RegionsOfInterest | None = None
    data_sharing_preference: StreamProcessorDataSharingPreference | None = None


Attribute = Literal[
    "DEFAULT",
    "ALL",
    "AGE_RANGE",
    "BEARD",
    "EMOTIONS",
    "EYE_DIRECTION",
    "EYEGLASSES",
    "EYES_OPEN",
    "GENDER",
    "MOUTH_OPEN",
    "MUSTACHE",
    "FACE_OCCLUDED",
    "SMILE",
    "SUNGLASSES",
]


class DetectFacesRequest(Shape, frozen=True, kw_only=True):
    image: Image
    attributes: tuple[Attribute, ...] | None = None


class AgeRange(Shape, frozen=True, kw_only=True):
    low: UInteger | None = None
    high: UInteger | None = None


class Eyeglasses(Shape, frozen=True, kw_only=True):
    value: bool | None = None
    confidence: Percent | None = None


class Sunglasses(Shape, frozen=True, kw_only=True):
    value: bool | None = None
    confidence: Percent | None = None


GenderType = Literal["Male", "Female"]


class Gender(Shape, frozen=True, kw_only=True):
    value: GenderType | None = None
    confidence: Percent | None = None


class Beard(Shape, frozen=True, kw_only=True):
    value: bool | None = None
    confidence: Percent | None = None


class Mustache(Shape, frozen=True, kw_only=True):
    value: bool | None = None
    confidence: Percent | None = None


class EyeOpen(Shape, frozen=True, kw_only=True):
    value: bool | None = None
    confidence: Percent | None = None


class MouthOpen(Shape, frozen=True, kw_only=True):
    value: bool | None = None
    confidence: Percent | None = None


class FaceOccluded(Shape, frozen=True, kw_only=True):
    value: bool | None = None
    confidence: Percent | None = None


class EyeDirection(Shape, frozen=True, kw_only=True):
    yaw: Degree | None = None
    pitch: Degree | None = None
    confidence: Percent | None = None


class FaceDetail(Shape, frozen=True, kw_only=True):
    bounding_box: BoundingBox | None = None
    age_range: AgeRange | None = None
    smile: Smile | None = None
    eyeglasses: Eyeglasses | None = None
    sunglasses: Sunglasses | None = None
    gender: Gender | None = None
    beard: Beard | None = None
    mustache: Mustache | None = None
    eyes_open: EyeOpen | None = None
    mouth_open: MouthOpen | None = None
    emotions: tuple[Emotion, ...] | None = None
    landmarks: tuple[Landmark, ...] | None = None
    pose: Pose | None = None
    quality: ImageQuality | None = None
    confidence: Percent | None = None
    face_occluded: FaceOccluded | None = None
    eye_direction: EyeDirection | None = None


class DetectFacesResponse(Shape, frozen=True, kw_only=True):
    face_details: tuple[FaceDetail, ...] | None = None
    orientation_correction: OrientationCorrection | None = None


BoundingBoxHeight = Annotated[float, Meta(ge=0, le=1)]

BoundingBoxWidth = Annotated[float, Meta(ge=0, le=1)]


class DetectionFilter(Shape, frozen=True, kw_only=True):
    min_confidence: Percent | None = None
    min_bounding_box_height: BoundingBoxHeight | None = None
    min_bounding_box_width: BoundingBoxWidth | None = None


class DetectTextFilters(Shape, frozen=True, kw_only=True):
    word_filter: DetectionFilter | None = None
    regions_of_interest: RegionsOfInterest | None = None


class DetectTextRequest(Shape, frozen=True, kw_only=True):
    image: Image
    filters: DetectTextFilters | None = None


TextTypes = Literal["LINE", "WORD"]


class Geometry(Shape, frozen=True, kw_only=True):
    bounding_box: BoundingBox | None = None
    polygon: tuple[Point, ...] | None = None


class TextDetection(Shape, frozen=True, kw_only=True):
    detected_text: str | None = None
    type: TextTypes | None = None
    id: UInteger | None = None
    parent_id: UInteger | None = None
    confidence: Percent | None = None
    geometry: Geometry | None = None


class DetectTextResponse(Shape, frozen=True, kw_only=True):
    text_detections: tuple[TextDetection, ...] | None = None
    text_model_version: str | None = None


class DisassociateFacesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    user_id: StoredName
    client_request_token: ClientRequestToken | None = None
    face_ids: UserFaceIdList


class DisassociatedFace(Shape, frozen=True, kw_only=True):
    face_id: FaceId | None = None


DisassociatedFacesList = Annotated[tuple[DisassociatedFace, ...], Meta(max_length=100)]

UnsuccessfulFaceDisassociationReason = Literal["FACE_NOT_FOUND", "ASSOCIATED_TO_A_DIFFERENT_USER"]


class UnsuccessfulFaceDisassociation(Shape, frozen=True, kw_only=True):
    face_id: FaceId | None = None
    user_id: StoredName | None = None
    reasons: tuple[UnsuccessfulFaceDisassociationReason, ...] | None = None


UnsuccessfulFaceDisassociationList = Annotated[
    tuple[UnsuccessfulFaceDisassociation, ...], Meta(max_length=500)
]


class DisassociateFacesResponse(Shape, frozen=True, kw_only=True):
    disassociated_faces: DisassociatedFacesList | None = None
    unsuccessful_face_disassociations: UnsuccessfulFaceDisassociationList | None = None
    user_status: UserStatus | None = None


RekognitionUniqueId = Annotated[
    str, Meta(pattern=r"\A(?:[0-9A-Za-z]*)\Z", extra={"pattern": r"[0-9A-Za-z]*"})
]


class GetCelebrityInfoRequest(Shape, frozen=True, kw_only=True):
    id: RekognitionUniqueId


Urls = Annotated[tuple[str, ...], Meta(max_length=255)]

KnownGenderType = Literal["Male", "Female", "Nonbinary", "Unlisted"]


class KnownGender(Shape, frozen=True, kw_only=True):
    type: KnownGenderType | None = None


class GetCelebrityInfoResponse(Shape, frozen=True, kw_only=True):
    urls: Urls | None = None
    name: str | None = None
    known_gender: KnownGender | None = None


JobId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"\A(?:^[a-zA-Z0-9-_]+$)\Z",
        extra={"pattern": r"^[a-zA-Z0-9-_]+$"},
    ),
]

MaxResults = Annotated[int, Meta(ge=1, le=2147483647)]

PaginationToken = Annotated[str, Meta(max_length=255)]

CelebrityRecognitionSortBy = Literal["ID", "TIMESTAMP"]


class GetCelebrityRecognitionRequest(Shape, frozen=True, kw_only=True):
    job_id: JobId
    max_results: MaxResults | None = None
    next_token: PaginationToken | None = None
    sort_by: CelebrityRecognitionSortBy | None = None


VideoJobStatus = Literal["IN_PROGRESS", "SUCCEEDED", "FAILED"]

VideoColorRange = Literal["FULL", "LIMITED"]


class VideoMetadata(Shape, frozen=True, kw_only=True):
    codec: str | None = None
    duration_millis: ULong | None = None
    format: str | None = None
    frame_rate: float | None = None
    frame_height: ULong | None = None
    frame_width: ULong | None = None
    color_range: VideoColorRange | None = None


Timestamp = Annotated[int, Meta(le=9223372036854775807)]


class CelebrityDetail(Shape, frozen=True, kw_only=True):
    urls: Urls | None = None
    name: str | None = None
    id: RekognitionUniqueId | None = None
    confidence: Percent | None = None
    bounding_box: BoundingBox | None = None
    face: FaceDetail | None = None
    known_gender: KnownGender | None = None
    reknown_false_match_rate: float | None = None


class CelebrityRecognition(Shape, frozen=True, kw_only=True):
    timestamp: Timestamp | None = None
    celebrity: CelebrityDetail | None = None


class Video(Shape, frozen=True, kw_only=True):
    s3_object: S3Object | None = None


JobTag = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1024,
        pattern=r"\A(?:[a-zA-Z0-9_.\-:+=\/]+)\Z",
        extra={"pattern": r"[a-zA-Z0-9_.\-:+=\/]+"},
    ),
]


class ReknownStatistics(Shape, frozen=True, kw_only=True):
    threshold: Percent | None = None
    false_match_rate: float | None = None
    gallery_size: ULong | None = None
    references: ULong | None = None
    expected_false_candidates: float | None = None
    caution: str | None = None


class GetCelebrityRecognitionResponse(Shape, frozen=True, kw_only=True):
    job_status: VideoJobStatus | None = None
    status_message: str | None = None
    video_metadata: VideoMetadata | None = None
    next_token: PaginationToken | None = None
    celebrities: tuple[CelebrityRecognition, ...] | None = None
    job_id: JobId | None = None
    video: Video | None = None
    job_tag: JobTag | None = None
    reknown_statistics: ReknownStatistics | None = None


class GetFaceDetectionRequest(Shape, frozen=True, kw_only=True):
    job_id: JobId
    max_results: MaxResults | None = None
    next_token: PaginationToken | None = None


class FaceDetection(Shape, frozen=True, kw_only=True):
    timestamp: Timestamp | None = None
    face: FaceDetail | None = None


class GetFaceDetectionResponse(Shape, frozen=True, kw_only=True):
    job_status: VideoJobStatus | None = None
    status_message: str | None = None
    video_metadata: VideoMetadata | None = None
    next_token: PaginationToken | None = None
    faces: tuple[FaceDetection, ...] | None = None
    job_id: JobId | None = None
    video: Video | None = None
    job_tag: JobTag | None = None


FaceSearchSortBy = Literal["INDEX", "TIMESTAMP"]


class GetFaceSearchRequest(Shape, frozen=True, kw_only=True):
    job_id: JobId
    max_results: MaxResults | None = None
    next_token: PaginationToken | None = None
    sort_by: FaceSearchSortBy | None = None


PersonIndex = Annotated[int, Meta(le=9223372036854775807)]


class PersonDetail(Shape, frozen=True, kw_only=True):
    index: PersonIndex | None = None
    bounding_box: BoundingBox | None = None
    face: FaceDetail | None = None


ImageId = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\Z",
        extra={"pattern": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"},
    ),
]

ExternalImageId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"\A(?:[a-zA-Z0-9_.\-:]+)\Z",
        extra={"pattern": r"[a-zA-Z0-9_.\-:]+"},
    ),
]

IndexFacesModelVersion = Annotated[
    str, Meta(pattern=r"\A(?:[0-9\.]+)\Z", extra={"pattern": r"[0-9\.]+"})
]


class Face(Shape, frozen=True, kw_only=True):
    face_id: FaceId | None = None
    bounding_box: BoundingBox | None = None
    image_id: ImageId | None = None
    external_image_id: ExternalImageId | None = None
    confidence: Percent | None = None
    index_faces_model_version: IndexFacesModelVersion | None = None
    user_id: StoredName | None = None


class FaceMatch(Shape, frozen=True, kw_only=True):
    similarity: Percent | None = None
    face: Face | None = None
    reknown_false_match_rate: float | None = None


class PersonMatch(Shape, frozen=True, kw_only=True):
    timestamp: Timestamp | None = None
    person: PersonDetail | None = None
    face_matches: tuple[FaceMatch, ...] | None = None
    reknown_refusals: tuple[ReknownRefusal, ...] | None = None


class GetFaceSearchResponse(Shape, frozen=True, kw_only=True):
    job_status: VideoJobStatus | None = None
    status_message: str | None = None
    next_token: PaginationToken | None = None
    video_metadata: VideoMetadata | None = None
    persons: tuple[PersonMatch, ...] | None = None
    job_id: JobId | None = None
    video: Video | None = None
    job_tag: JobTag | None = None
    reknown_statistics: ReknownStatistics | None = None


PersonTrackingSortBy = Literal["INDEX", "TIMESTAMP"]


class GetPersonTrackingRequest(Shape, frozen=True, kw_only=True):
    job_id: JobId
    max_results: MaxResults | None = None
    next_token: PaginationToken | None = None
    sort_by: PersonTrackingSortBy | None = None


class PersonDetection(Shape, frozen=True, kw_only=True):
    timestamp: Timestamp | None = None
    person: PersonDetail | None = None


class GetPersonTrackingResponse(Shape, frozen=True, kw_only=True):
    job_status: VideoJobStatus | None = None
    status_message: str | None = None
    video_metadata: VideoMetadata | None = None
    next_token: PaginationToken | None = None
    persons: tuple[PersonDetection, ...] | None = None
    job_id: JobId | None = None
    video: Video | None = None
    job_tag: JobTag | None = None


class GetTextDetectionRequest(Shape, frozen=True, kw_only=True):
    job_id: JobId
    max_results: MaxResults | None = None
    next_token: PaginationToken | None = None


class TextDetectionResult(Shape, frozen=True, kw_only=True):
    timestamp: Timestamp | None = None
    text_detection: TextDetection | None = None


class GetTextDetectionResponse(Shape, frozen=True, kw_only=True):
    job_status: VideoJobStatus | None = None
    status_message: str | None = None
    video_metadata: VideoMetadata | None = None
    text_detections: tuple[TextDetectionResult, ...] | None = None
    next_token: PaginationToken | None = None
    text_model_version: str | None = None
    job_id: JobId | None = None
    video: Video | None = None
    job_tag: JobTag | None = None


MaxFacesToIndex = Annotated[int, Meta(ge=1, le=2147483647)]


class IndexFacesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    image: Image
    external_image_id: ExternalImageId | None = None
    detection_attributes: tuple[Attribute, ...] | None = None
    max_faces: MaxFacesToIndex | None = None
    quality_filter: QualityFilter | None = None


class FaceRecord(Shape, frozen=True, kw_only=True):
    face: Face | None = None
    face_detail: FaceDetail | None = None


class UnindexedFace(Shape, frozen=True, kw_only=True):
    reasons: tuple[Reason, ...] | None = None
    face_detail: FaceDetail | None = None
    reknown_refusals: tuple[ReknownRefusal, ...] | None = None


class IndexFacesResponse(Shape, frozen=True, kw_only=True):
    face_records: tuple[FaceRecord, ...] | None = None
    orientation_correction: OrientationCorrection | None = None
    face_model_version: str | None = None
    unindexed_faces: tuple[UnindexedFace, ...] | None = None


PageSize = Annotated[int, Meta(ge=0, le=4096)]


class ListCollectionsRequest(Shape, frozen=True, kw_only=True):
    next_token: PaginationToken | None = None
    max_results: PageSize | None = None


class ListCollectionsResponse(Shape, frozen=True, kw_only=True):
    collection_ids: tuple[StoredName, ...] | None = None
    next_token: PaginationToken | None = None
    face_model_versions: tuple[str, ...] | None = None


class ListFacesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    next_token: PaginationToken | None = None
    max_results: PageSize | None = None
    user_id: StoredName | None = None
    face_ids: FaceIdList | None = None


class ListFacesResponse(Shape, frozen=True, kw_only=True):
    faces: tuple[Face, ...] | None = None
    next_token: str | None = None
    face_model_version: str | None = None


class ListStreamProcessorsRequest(Shape, frozen=True, kw_only=True):
    next_token: PaginationToken | None = None
    max_results: MaxResults | None = None


class StreamProcessor(Shape, frozen=True, kw_only=True):
    name: StreamProcessorName | None = None
    status: StreamProcessorStatus | None = None


class ListStreamProcessorsResponse(Shape, frozen=True, kw_only=True):
    next_token: PaginationToken | None = None
    stream_processors: tuple[StreamProcessor, ...] | None = None


ResourceArn = Annotated[str, Meta(min_length=20, max_length=2048)]


class ListTagsForResourceRequest(Shape, frozen=True, kw_only=True):
    resource_arn: ResourceArn


class ListTagsForResourceResponse(Shape, frozen=True, kw_only=True):
    tags: TagMap | None = None


MaxUserResults = Annotated[int, Meta(ge=1, le=500)]


class ListUsersRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    max_results: MaxUserResults | None = None
    next_token: PaginationToken | None = None


class User(Shape, frozen=True, kw_only=True):
    user_id: StoredName | None = None
    user_status: UserStatus | None = None


UserList = Annotated[tuple[User, ...], Meta(max_length=500)]


class ListUsersResponse(Shape, frozen=True, kw_only=True):
    users: UserList | None = None
    next_token: PaginationToken | None = None


class RecognizeCelebritiesRequest(Shape, frozen=True, kw_only=True):
    image: Image


class Celebrity(Shape, frozen=True, kw_only=True):
    urls: Urls | None = None
    name: str | None = None
    id: RekognitionUniqueId | None = None
    face: ComparedFace | None = None
    match_confidence: Percent | None = None
    known_gender: KnownGender | None = None
    reknown_false_match_rate: float | None = None


class RecognizeCelebritiesResponse(Shape, frozen=True, kw_only=True):
    celebrity_faces: tuple[Celebrity, ...] | None = None
    unrecognized_faces: tuple[ComparedFace, ...] | None = None
    orientation_correction: OrientationCorrection | None = None
    reknown_statistics: ReknownStatistics | None = None


ReknownSha256 = Annotated[
    str, Meta(pattern=r"\A(?:[0-9a-f]{64})\Z", extra={"pattern": r"[0-9a-f]{64}"})
]

ReknownSha256s = Annotated[tuple[ReknownSha256, ...], Meta(min_length=1, max_length=1000)]


class ReknownDeleteFromArchiveRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    digests: ReknownSha256s


class ReknownDeleteFromArchiveResponse(Shape, frozen=True, kw_only=True):
    deleted: ReknownSha256s | None = None
    absent: ReknownSha256s | None = None
    deleted_sightings: ULong | None = None
    deleted_files: ULong | None = None
    files_left: ULong | None = None


class ReknownDescribePolicyRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName


class ReknownDescribePolicyResponse(Shape, frozen=True, kw_only=True):
    policy: str | None = None


ReknownPageSize = Annotated[int, Meta(ge=1, le=1000)]


class ReknownExportTemplatesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    next_token: PaginationToken | None = None
    max_results: ReknownPageSize | None = None


ReknownPack = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"\A(?:[a-zA-Z0-9_.\-]+)\Z",
        extra={"pattern": r"[a-zA-Z0-9_.\-]+"},
    ),
]

ReknownFingerprint = Annotated[
    str, Meta(pattern=r"\A(?:[0-9a-f]{64})\Z", extra={"pattern": r"[0-9a-f]{64}"})
]

ReknownDimension = Annotated[int, Meta(ge=1, le=4096)]


class ReknownTemplateSpace(Shape, frozen=True, kw_only=True):
    pack: ReknownPack
    fingerprint: ReknownFingerprint
    dimension: ReknownDimension


ReknownVector = Annotated[bytes, Meta(min_length=4, max_length=16384)]

ReknownQuality = Annotated[int, Meta(ge=0, le=100)]

ReknownImageName = Annotated[str, Meta(max_length=255)]

ReknownPixels = Annotated[int, Meta(ge=1, le=10000)]


class ReknownUserProfile(Shape, frozen=True, kw_only=True):
    urls: Urls | None = None
    known_gender: KnownGender | None = None


class ReknownTemplate(Shape, frozen=True, kw_only=True):
    face_id: FaceId
    vector: ReknownVector
    bounding_box: BoundingBox
    confidence: Percent
    quality: ReknownQuality
    magnitude: float | None = None
    image_sha256: ReknownSha256
    image_name: ReknownImageName | None = None
    image_width: ReknownPixels
    image_height: ReknownPixels
    external_image_id: ExternalImageId | None = None
    user_id: StoredName | None = None
    user_profile: ReknownUserProfile | None = None


ReknownTemplateList = Annotated[tuple[ReknownTemplate, ...], Meta(max_length=1000)]


class ReknownExportTemplatesResponse(Shape, frozen=True, kw_only=True):
    template_space: ReknownTemplateSpace | None = None
    templates: ReknownTemplateList | None = None
    next_token: str | None = None


ReknownSightingLimit = Annotated[int, Meta(ge=1, le=1000)]


class ReknownFindSightingsRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    user_id: StoredName | None = None
    image: Image | None = None
    similarity_threshold: Percent | None = None
    max_sightings: ReknownSightingLimit | None = None


class ReknownSighting(Shape, frozen=True, kw_only=True):
    sighting_id: str | None = None
    kind: str | None = None
    name: str | None = None
    sha256: str | None = None
    taken: str | None = None
    bounding_box: BoundingBox | None = None
    start_millis: ULong | None = None
    end_millis: ULong | None = None
    best_millis: ULong | None = None
    quality: ReknownQuality | None = None
    similarity: Percent | None = None
    reknown_false_match_rate: float | None = None


ReknownSightingList = Annotated[tuple[ReknownSighting, ...], Meta(max_length=1000)]

ReknownCaseId = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z",
        extra={"pattern": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"},
    ),
]


class ReknownFindSightingsResponse(Shape, frozen=True, kw_only=True):
    sightings: ReknownSightingList | None = None
    face_model_version: str | None = None
    reknown_statistics: ReknownStatistics | None = None
    case_id: ReknownCaseId | None = None


ReknownLabel = Annotated[str, Meta(min_length=1, max_length=255)]

ReknownApprovedSearches = Annotated[int, Meta(ge=1, le=1000)]

ReknownApprovedDays = Annotated[int, Meta(ge=1, le=365)]


class ReknownGrantApprovalRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    searcher: ReknownLabel
    reason: ReknownLabel
    searches: ReknownApprovedSearches | None = None
    days: ReknownApprovedDays | None = None


ReknownApprovalId = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z",
        extra={"pattern": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"},
    ),
]


class ReknownApproval(Shape, frozen=True, kw_only=True):
    approval_id: ReknownApprovalId | None = None
    searcher: str | None = None
    granted_by: str | None = None
    granted_at: float | None = None
    expires_at: float | None = None
    searches_left: ULong | None = None
    reason: str | None = None


class ReknownGrantApprovalResponse(Shape, frozen=True, kw_only=True):
    approval: ReknownApproval | None = None


class ReknownGroupSightingsRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName


class ReknownGroupSightingsResponse(Shape, frozen=True, kw_only=True):
    threshold: Percent | None = None
    sightings: ULong | None = None
    new: ULong | None = None
    made_groups: ULong | None = None
    merged_groups: ULong | None = None


ReknownGroupNumber = Annotated[int, Meta(ge=1, le=9223372036854775807)]


class ReknownIgnoreGroupRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    number: ReknownGroupNumber
    ignored: bool | None = None


class ReknownIgnoreGroupResponse(Shape, frozen=True, kw_only=True):
    pass


class ReknownImportTemplatesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    template_space: ReknownTemplateSpace
    templates: ReknownTemplateList


class ReknownImportTemplatesResponse(Shape, frozen=True, kw_only=True):
    imported: ULong | None = None
    already_present: ULong | None = None


ReknownCandidateNumber = Annotated[int, Meta(ge=1, le=9223372036854775807)]

ReknownOpinion = Literal["same", "different", "cannot-tell"]

ReknownGround = Literal[
    "face-shape",
    "hairline",
    "eyes",
    "nose",
    "mouth",
    "ears",
    "lines",
    "marks",
    "age",
    "pose",
    "quality",
    "covered",
]

ReknownGroundList = Annotated[tuple[ReknownGround, ...], Meta(min_length=1, max_length=12)]

ReknownNote = Annotated[str, Meta(min_length=1, max_length=4000)]


class ReknownJudgeCandidateRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    case_id: ReknownCaseId
    number: ReknownCandidateNumber
    opinion: ReknownOpinion
    grounds: ReknownGroundList
    note: ReknownNote | None = None


class ReknownJudgeCandidateResponse(Shape, frozen=True, kw_only=True):
    state: str | None = None
    left: tuple[ReknownCandidateNumber, ...] | None = None


class ReknownKeepApartRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    number: ReknownGroupNumber | None = None
    other_number: ReknownGroupNumber | None = None
    user_id: StoredName | None = None
    other_user_id: StoredName | None = None
    undo: bool | None = None


class ReknownKeepApartResponse(Shape, frozen=True, kw_only=True):
    pass


class ReknownListApprovalsRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    next_token: PaginationToken | None = None
    max_results: ReknownPageSize | None = None


ReknownApprovalList = Annotated[tuple[ReknownApproval, ...], Meta(max_length=1000)]


class ReknownListApprovalsResponse(Shape, frozen=True, kw_only=True):
    approvals: ReknownApprovalList | None = None
    next_token: str | None = None


class ReknownListArchiveRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    next_token: PaginationToken | None = None
    max_results: ReknownPageSize | None = None


class ReknownArchiveFile(Shape, frozen=True, kw_only=True):
    sha256: ReknownSha256 | None = None
    kind: str | None = None
    name: str | None = None
    taken: str | None = None
    faces: ULong | None = None
    added: bool | None = None
    problem: str | None = None


ReknownArchiveFileList = Annotated[tuple[ReknownArchiveFile, ...], Meta(max_length=1000)]


class ReknownListArchiveResponse(Shape, frozen=True, kw_only=True):
    files: ReknownArchiveFileList | None = None
    next_token: str | None = None


class ReknownListCasesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    next_token: PaginationToken | None = None
    max_results: ReknownPageSize | None = None


class ReknownCase(Shape, frozen=True, kw_only=True):
    case_id: ReknownCaseId | None = None
    state: str | None = None
    outcome: str | None = None
    round: ULong | None = None
    reviewers: ULong | None = None
    reviewed: ULong | None = None
    opened_at: float | None = None


ReknownCaseList = Annotated[tuple[ReknownCase, ...], Meta(max_length=1000)]


class ReknownListCasesResponse(Shape, frozen=True, kw_only=True):
    cases: ReknownCaseList | None = None
    next_token: str | None = None


class ReknownListConsentsRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    next_token: PaginationToken | None = None
    max_results: ReknownPageSize | None = None


ReknownConsentNumber = Annotated[int, Meta(ge=1, le=9223372036854775807)]


class ReknownConsent(Shape, frozen=True, kw_only=True):
    number: ReknownConsentNumber | None = None
    user_id: str | None = None
    given_at: float | None = None
    recorded_by: str | None = None
    text_sha256: str | None = None
    basis: str | None = None
    expires_at: float | None = None
    withdrawn_at: float | None = None


ReknownConsentList = Annotated[tuple[ReknownConsent, ...], Meta(max_length=1000)]


class ReknownListConsentsResponse(Shape, frozen=True, kw_only=True):
    consents: ReknownConsentList | None = None
    next_token: str | None = None


class ReknownListGroupsRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    everybody: bool | None = None
    next_token: PaginationToken | None = None
    max_results: ReknownPageSize | None = None


class ReknownGroup(Shape, frozen=True, kw_only=True):
    number: ReknownGroupNumber | None = None
    sightings: ULong | None = None
    files: ULong | None = None
    user_id: str | None = None
    ignored: bool | None = None
    first: str | None = None
    last: str | None = None


ReknownGroupList = Annotated[tuple[ReknownGroup, ...], Meta(max_length=1000)]


class ReknownListGroupsResponse(Shape, frozen=True, kw_only=True):
    groups: ReknownGroupList | None = None
    next_token: str | None = None


class ReknownListJobsRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    next_token: PaginationToken | None = None
    max_results: ReknownPageSize | None = None


class ReknownJob(Shape, frozen=True, kw_only=True):
    job_id: JobId | None = None
    kind: str | None = None
    status: VideoJobStatus | None = None
    stopping: bool | None = None
    share: float | None = None
    started_by: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    message: str | None = None


ReknownJobList = Annotated[tuple[ReknownJob, ...], Meta(max_length=1000)]


class ReknownListJobsResponse(Shape, frozen=True, kw_only=True):
    jobs: ReknownJobList | None = None
    next_token: str | None = None


class ReknownLookThroughCameraRequest(Shape, frozen=True, kw_only=True):
    name: StreamProcessorName


class ReknownLookThroughCameraResponse(Shape, frozen=True, kw_only=True):
    status: StreamProcessorStatus | None = None
    status_message: str | None = None
    picture: bytes | None = None
    taken_at: float | None = None


class ReknownMergeGroupsRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    number: ReknownGroupNumber
    into_number: ReknownGroupNumber


ReknownSightingId = Annotated[
    str,
    Meta(
        min_length=1, max_length=64, pattern=r"\A(?:[0-9a-f-]+)\Z", extra={"pattern": r"[0-9a-f-]+"}
    ),
]

ReknownSightingIds = Annotated[tuple[ReknownSightingId, ...], Meta(min_length=1, max_length=4096)]


class ReknownMergeGroupsResponse(Shape, frozen=True, kw_only=True):
    group: ReknownGroup | None = None
    moved_sightings: ReknownSightingIds | None = None


class ReknownMergeUsersRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    user_id: StoredName
    into_user_id: StoredName


class ReknownMergeUsersResponse(Shape, frozen=True, kw_only=True):
    moved_faces: FaceIdList | None = None


class ReknownMoveFacesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    face_ids: FaceIdList
    user_id: StoredName | None = None


class ReknownMoveFacesResponse(Shape, frozen=True, kw_only=True):
    moved_faces: FaceIdList | None = None
    absent_faces: FaceIdList | None = None


class ReknownNameGroupRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    number: ReknownGroupNumber
    user_id: StoredName


ReknownFaceIds = Annotated[tuple[FaceId, ...], Meta(max_length=100)]


class ReknownNameGroupResponse(Shape, frozen=True, kw_only=True):
    associated_faces: ULong | None = None
    made_faces: ReknownFaceIds | None = None
    new_user: bool | None = None


ReknownProposalLimit = Annotated[int, Meta(ge=1, le=1000)]


class ReknownProposeMergesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    max_proposals: ReknownProposalLimit | None = None


class ReknownProposalSide(Shape, frozen=True, kw_only=True):
    number: ReknownGroupNumber | None = None
    user_id: str | None = None


class ReknownProposal(Shape, frozen=True, kw_only=True):
    one: ReknownProposalSide | None = None
    other: ReknownProposalSide | None = None
    similarity: Percent | None = None
    reknown_false_match_rate: float | None = None


ReknownProposalList = Annotated[tuple[ReknownProposal, ...], Meta(max_length=1000)]


class ReknownProposeMergesResponse(Shape, frozen=True, kw_only=True):
    proposals: ReknownProposalList | None = None
    threshold: Percent | None = None
    groups: ULong | None = None
    users: ULong | None = None
    left_out: ULong | None = None


ReknownPolicyDocument = Annotated[str, Meta(max_length=10000)]


class ReknownPutPolicyRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    policy: ReknownPolicyDocument


class ReknownPutPolicyResponse(Shape, frozen=True, kw_only=True):
    pass


class ReknownReadCaseRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    case_id: ReknownCaseId


class ReknownCaseCandidate(Shape, frozen=True, kw_only=True):
    number: ReknownCandidateNumber | None = None
    face_id: FaceId | None = None
    sighting_id: str | None = None
    sha256: str | None = None
    best_millis: ULong | None = None
    yours: ReknownOpinion | None = None
    decided: ReknownOpinion | None = None
    rank: ReknownCandidateNumber | None = None
    similarity: Percent | None = None
    known_non_mate: bool | None = None


class ReknownReadCaseResponse(Shape, frozen=True, kw_only=True):
    case: ReknownCase | None = None
    probe_sha256: str | None = None
    probe_face: ULong | None = None
    candidates: tuple[ReknownCaseCandidate, ...] | None = None
    left: tuple[ReknownCandidateNumber, ...] | None = None
    order_seed: str | None = None


class ReknownReadGroupRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    number: ReknownGroupNumber
    next_token: PaginationToken | None = None
    max_results: ReknownPageSize | None = None


class ReknownReadGroupResponse(Shape, frozen=True, kw_only=True):
    group: ReknownGroup | None = None
    sightings: ReknownSightingList | None = None
    next_token: str | None = None


ReknownConsentText = Annotated[bytes, Meta(min_length=1, max_length=1048576)]


class ReknownRecordConsentRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    user_id: StoredName
    text: ReknownConsentText
    basis: ReknownLabel
    expires_at: str | None = None


class ReknownRecordConsentResponse(Shape, frozen=True, kw_only=True):
    consent: ReknownConsent | None = None


class ReknownRenameUserRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    user_id: StoredName
    new_user_id: StoredName


class ReknownRenameUserResponse(Shape, frozen=True, kw_only=True):
    pass


class ReknownResumeSearchesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName


class ReknownResumeSearchesResponse(Shape, frozen=True, kw_only=True):
    stopped: bool | None = None


class ReknownScanArchiveRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName


class ReknownScanArchiveResponse(Shape, frozen=True, kw_only=True):
    job_id: JobId | None = None


MaxFaces = Annotated[int, Meta(ge=1, le=4096)]


class ReknownSearchAllFacesByImageRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    image: Image
    max_faces: MaxFaces | None = None
    face_match_threshold: Percent | None = None
    quality_filter: QualityFilter | None = None


class ReknownSearchedFace(Shape, frozen=True, kw_only=True):
    face_detail: FaceDetail | None = None
    face_matches: tuple[FaceMatch, ...] | None = None


UnsearchedFaceReason = Literal[
    "FACE_NOT_LARGEST",
    "EXCEEDS_MAX_FACES",
    "EXTREME_POSE",
    "LOW_BRIGHTNESS",
    "LOW_SHARPNESS",
    "LOW_CONFIDENCE",
    "SMALL_BOUNDING_BOX",
    "LOW_FACE_QUALITY",
]


class UnsearchedFace(Shape, frozen=True, kw_only=True):
    face_details: FaceDetail | None = None
    reasons: tuple[UnsearchedFaceReason, ...] | None = None
    reknown_refusals: tuple[ReknownRefusal, ...] | None = None


class ReknownSearchAllFacesByImageResponse(Shape, frozen=True, kw_only=True):
    searched_faces: tuple[ReknownSearchedFace, ...] | None = None
    unsearched_faces: tuple[UnsearchedFace, ...] | None = None
    face_model_version: str | None = None
    reknown_statistics: ReknownStatistics | None = None


class ReknownSplitGroupRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    number: ReknownGroupNumber
    sighting_ids: ReknownSightingIds


class ReknownSplitGroupResponse(Shape, frozen=True, kw_only=True):
    group: ReknownGroup | None = None


class ReknownStopJobRequest(Shape, frozen=True, kw_only=True):
    job_id: JobId


class ReknownStopJobResponse(Shape, frozen=True, kw_only=True):
    pass


class ReknownStopSearchesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    reason: ReknownLabel


class ReknownStopSearchesResponse(Shape, frozen=True, kw_only=True):
    pass


class ReknownUnnameGroupRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    number: ReknownGroupNumber
    face_ids: ReknownFaceIds | None = None
    delete_user: bool | None = None


class ReknownUnnameGroupResponse(Shape, frozen=True, kw_only=True):
    group: ReknownGroup | None = None
    deleted_faces: ReknownFaceIds | None = None
    freed_faces: ReknownFaceIds | None = None
    user_deleted: bool | None = None


class ReknownWithdrawApprovalRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    approval_id: ReknownApprovalId


class ReknownWithdrawApprovalResponse(Shape, frozen=True, kw_only=True):
    approval: ReknownApproval | None = None


class ReknownWithdrawConsentRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    user_id: StoredName


class ReknownWithdrawConsentResponse(Shape, frozen=True, kw_only=True):
    withdrawn: tuple[ReknownConsentNumber, ...] | None = None


class SearchFacesRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    face_id: FaceId
    max_faces: MaxFaces | None = None
    face_match_threshold: Percent | None = None


class SearchFacesResponse(Shape, frozen=True, kw_only=True):
    searched_face_id: FaceId | None = None
    face_matches: tuple[FaceMatch, ...] | None = None
    face_model_version: str | None = None
    reknown_statistics: ReknownStatistics | None = None


class SearchFacesByImageRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    image: Image
    max_faces: MaxFaces | None = None
    face_match_threshold: Percent | None = None
    quality_filter: QualityFilter | None = None


class SearchFacesByImageResponse(Shape, frozen=True, kw_only=True):
    searched_face_bounding_box: BoundingBox | None = None
    searched_face_confidence: Percent | None = None
    face_matches: tuple[FaceMatch, ...] | None = None
    face_model_version: str | None = None
    reknown_statistics: ReknownStatistics | None = None


class SearchUsersRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    user_id: StoredName | None = None
    face_id: FaceId | None = None
    user_match_threshold: Percent | None = None
    max_users: MaxUserResults | None = None


class MatchedUser(Shape, frozen=True, kw_only=True):
    user_id: StoredName | None = None
    user_status: UserStatus | None = None


class UserMatch(Shape, frozen=True, kw_only=True):
    similarity: Percent | None = None
    user: MatchedUser | None = None
    reknown_false_match_rate: float | None = None


UserMatchList = Annotated[tuple[UserMatch, ...], Meta(max_length=500)]


class SearchedFace(Shape, frozen=True, kw_only=True):
    face_id: FaceId | None = None


class SearchedUser(Shape, frozen=True, kw_only=True):
    user_id: StoredName | None = None


class SearchUsersResponse(Shape, frozen=True, kw_only=True):
    user_matches: UserMatchList | None = None
    face_model_version: str | None = None
    searched_face: SearchedFace | None = None
    searched_user: SearchedUser | None = None
    reknown_statistics: ReknownStatistics | None = None


class SearchUsersByImageRequest(Shape, frozen=True, kw_only=True):
    collection_id: StoredName
    image: Image
    user_match_threshold: Percent | None = None
    max_users: MaxUserResults | None = None
    quality_filter: QualityFilter | None = None


class SearchedFaceDetails(Shape, frozen=True, kw_only=True):
    face_detail: FaceDetail | None = None


class SearchUsersByImageResponse(Shape, frozen=True, kw_only=True):
    user_matches: UserMatchList | None = None
    face_model_version: str | None = None
    searched_face: SearchedFaceDetails | None = None
    unsearched_faces: tuple[UnsearchedFace, ...] | None = None
    reknown_statistics: ReknownStatistics | None = None


class NotificationChannel(Shape, frozen=True, kw_only=True):
    sns_topic_arn: SNSTopicArn = field(name="SNSTopicArn")
    role_arn: RoleArn


class StartCelebrityRecognitionRequest(Shape, frozen=True, kw_only=True):
    video: Video
    client_request_token: ClientRequestToken | None = None
    notification_channel: NotificationChannel | None = None
    job_tag: JobTag | None = None


class StartCelebrityRecognitionResponse(Shape, frozen=True, kw_only=True):
    job_id: JobId | None = None


FaceAttributes = Literal["DEFAULT", "ALL"]


class StartFaceDetectionRequest(Shape, frozen=True, kw_only=True):
    video: Video
    client_request_token: ClientRequestToken | None = None
    notification_channel: NotificationChannel | None = None
    face_attributes: FaceAttributes | None = None
    job_tag: JobTag | None = None


class StartFaceDetectionResponse(Shape, frozen=True, kw_only=True):
    job_id: JobId | None = None


class StartFaceSearchRequest(Shape, frozen=True, kw_only=True):
    video: Video
    client_request_token: ClientRequestToken | None = None
    face_match_threshold: Percent | None = None
    collection_id: StoredName
    notification_channel: NotificationChannel | None = None
    job_tag: JobTag | None = None


class StartFaceSearchResponse(Shape, frozen=True, kw_only=True):
    job_id: JobId | None = None


class StartPersonTrackingRequest(Shape, frozen=True, kw_only=True):
    video: Video
    client_request_token: ClientRequestToken | None = None
    notification_channel: NotificationChannel | None = None
    job_tag: JobTag | None = None


class StartPersonTrackingResponse(Shape, frozen=True, kw_only=True):
    job_id: JobId | None = None


KinesisVideoStreamFragmentNumber = Annotated[
    str,
    Meta(min_length=1, max_length=128, pattern=r"\A(?:^[0-9]+$)\Z", extra={"pattern": r"^[0-9]+$"}),
]


class KinesisVideoStreamStartSelector(Shape, frozen=True, kw_only=True):
    producer_timestamp: ULong | None = None
    fragment_number: KinesisVideoStreamFragmentNumber | None = None


class StreamProcessingStartSelector(Shape, frozen=True, kw_only=True):
    kvs_stream_start_selector: KinesisVideoStreamStartSelector | None = field(
        default=None, name="KVSStreamStartSelector"
    )


MaxDurationInSecondsULong = Annotated[int, Meta(ge=1, le=120)]


class StreamProcessingStopSelector(Shape, frozen=True, kw_only=True):
    max_duration_in_seconds: MaxDurationInSecondsULong | None = None


class StartStreamProcessorRequest(Shape, frozen=True, kw_only=True):
    name: StreamProcessorName
    start_selector: StreamProcessingStartSelector | None = None
    stop_selector: StreamProcessingStopSelector | None = None


class StartStreamProcessorResponse(Shape, frozen=True, kw_only=True):
    session_id: str | None = None


class StartTextDetectionFilters(Shape, frozen=True, kw_only=True):
    word_filter: DetectionFilter | None = None
    regions_of_interest: RegionsOfInterest | None = None


class StartTextDetectionRequest(Shape, frozen=True, kw_only=True):
    video: Video
    client_request_token: ClientRequestToken | None = None
    notification_channel: NotificationChannel | None = None
    job_tag: JobTag | None = None
    filters: StartTextDetectionFilters | None = None


class StartTextDetectionResponse(Shape, frozen=True, kw_only=True):
    job_id: JobId | None = None


class StopStreamProcessorRequest(Shape, frozen=True, kw_only=True):
    name: StreamProcessorName


class StopStreamProcessorResponse(Shape, frozen=True, kw_only=True):
    pass


class TagResourceRequest(Shape, frozen=True, kw_only=True):
    resource_arn: ResourceArn
    tags: TagMap


class TagResourceResponse(Shape, frozen=True, kw_only=True):
    pass


TagKeyList = Annotated[tuple[TagKey, ...], Meta(max_length=200)]


class UntagResourceRequest(Shape, frozen=True, kw_only=True):
    resource_arn: ResourceArn
    tag_keys: TagKeyList


class UntagResourceResponse(Shape, frozen=True, kw_only=True):
    pass


class ConnectedHomeSettingsForUpdate(Shape, frozen=True, kw_only=True):
    labels: ConnectedHomeLabels | None = None
    min_confidence: Percent | None = None


class StreamProcessorSettingsForUpdate(Shape, frozen=True, kw_only=True):
    connected_home_for_update: ConnectedHomeSettingsForUpdate | None = None


StreamProcessorParameterToDelete = Literal["ConnectedHomeMinConfidence", "RegionsOfInterest"]


class UpdateStreamProcessorRequest(Shape, frozen=True, kw_only=True):
    name: StreamProcessorName
    settings_for_update: StreamProcessorSettingsForUpdate | None = None
    regions_of_interest_for_update: RegionsOfInterest | None = None
    data_sharing_preference_for_update: StreamProcessorDataSharingPreference | None = None
    parameters_to_delete: tuple[StreamProcessorParameterToDelete, ...] | None = None


class UpdateStreamProcessorResponse(Shape, frozen=True, kw_only=True):
    pass
