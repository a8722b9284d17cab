"""Stream processors: cameras that are watched against a collection.

https://docs.aws.amazon.com/rekognition/latest/dg/streaming-video.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.names import stream_processor_arn, video_stream_arn
from reknown.api.paging import next_token, read_page
from reknown.api.wire_faces import bounding_box
from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox, Point
from reknown.biometrics.thresholds import DEFAULT_SIMILARITY
from reknown.services.live import looks, watches
from reknown.services.live.outputs import RecordFolder, folder_of
from reknown.services.live.plans import WatchPlan, WatchZone
from reknown.services.live.watches import WatchRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.api.call import Call, RecordOutputs
    from reknown.services.live.watch_options import WatchOptions

# "Values between 0 and 100 are accepted, and values lower than 80 are set to 80."
_LEAST_SIMILARITY = 80.0
_LABELS = (
    "ConnectedHome looks for people, pets and packages, of which Reknown knows none: Settings "
    "takes FaceSearch, with the collection whose members are looked for"
)
_FOR_LABELS = "belongs to ConnectedHome, which Reknown does not offer: leave it out"


def create_stream_processor(
    call: Call, request: shapes.CreateStreamProcessorRequest
) -> shapes.CreateStreamProcessorResponse:
    """One that is STOPPED: no camera is looked at before it is started."""
    _refuse_what_is_for_labels(request)
    search = _face_search(request.settings)
    threshold = search.face_match_threshold
    similarity = DEFAULT_SIMILARITY if threshold is None else threshold
    sharing = request.data_sharing_preference
    if sharing is not None and sharing.opt_in:
        raise InputError("DataSharingPreference: Reknown shares nothing, OptIn is false")
    plan = WatchPlan(
        similarity=max(_LEAST_SIMILARITY, similarity),
        zones=_zones(request.regions_of_interest or ()),
        output=_output(call, request.output, request.kms_key_id),
        kms_key=request.kms_key_id,
        role=request.role_arn,
        shared=None if sharing is None else sharing.opt_in,
    )
    camera, collection = _camera(request.input), search.collection_id or ""
    wanted = WatchRequest(request.name, camera, collection, plan, request.tags or {})
    watches.create_watch(call.context, wanted)
    return shapes.CreateStreamProcessorResponse(
        stream_processor_arn=stream_processor_arn(call.region, request.name)
    )


def describe_stream_processor(
    call: Call, request: shapes.DescribeStreamProcessorRequest
) -> shapes.DescribeStreamProcessorResponse:
    """Its settings, where it is, and what there is to know about that."""
    permitted = call.rights.permits_collection
    found = watches.describe_watch(call.context, request.name, permitted)
    stored, plan = found.stored, found.plan
    return shapes.DescribeStreamProcessorResponse(
        name=stored.name,
        stream_processor_arn=stream_processor_arn(call.region, stored.name),
        status=stored.state.value,
        status_message=found.message,
        creation_timestamp=stored.created_at.timestamp(),
        last_update_timestamp=stored.updated_at.timestamp(),
        input=shapes.StreamProcessorInput(
            kinesis_video_stream=shapes.KinesisVideoStream(arn=_input_arn(call, stored.camera))
        ),
        output=_wire_output(plan),
        kms_key_id=plan.kms_key,
        role_arn=plan.role,
        settings=shapes.StreamProcessorSettings(
            face_search=shapes.FaceSearchSettings(
                collection_id=stored.collection, face_match_threshold=plan.similarity
            )
        ),
        regions_of_interest=tuple(map(_wire_zone, plan.zones)) or None,
        data_sharing_preference=_wire_sharing(plan),
    )


def list_stream_processors(
    call: Call, request: shapes.ListStreamProcessorsRequest
) -> shapes.ListStreamProcessorsResponse:
    """Those against collections that the caller's key may see, in order of creation."""
    scope = "ListStreamProcessors"
    page = read_page(call, scope, request.next_token, request.max_results)
    found = watches.list_watches(call.context, page, call.rights.permits_collection, alerts=False)
    return shapes.ListStreamProcessorsResponse(
        stream_processors=tuple(
            shapes.StreamProcessor(name=item.stored.name, status=item.stored.state.value)
            for item in found.items
        ),
        next_token=next_token(call, scope, found.next),
    )


def start_stream_processor(
    call: Call, request: shapes.StartStreamProcessorRequest
) -> shapes.StartStreamProcessorResponse:
    """Has the next free worker watch; what it searches is the caller's doing."""
    selectors = (("StartSelector", request.start_selector), ("StopSelector", request.stop_selector))
    for name, selector in selectors:
        if selector is not None:
            raise InputError(f"{name} {_FOR_LABELS}")
    permitted = call.rights.permits_collection
    session = watches.start_watch(call.context, request.name, permitted)
    return shapes.StartStreamProcessorResponse(session_id=session)


def stop_stream_processor(
    call: Call, request: shapes.StopStreamProcessorRequest
) -> shapes.StopStreamProcessorResponse:
    """Has its worker end it."""
    watches.stop_watch(call.context, request.name, call.rights.permits_collection)
    return shapes.StopStreamProcessorResponse()


def update_stream_processor(
    call: Call, request: shapes.UpdateStreamProcessorRequest
) -> shapes.UpdateStreamProcessorResponse:
    """Other regions of interest, or none; what is said of sharing data is kept, too."""
    if request.settings_for_update is not None:
        raise InputError(f"SettingsForUpdate: {_LABELS}")
    sharing = request.data_sharing_preference_for_update
    if sharing is not None and sharing.opt_in:
        raise InputError("DataSharingPreferenceForUpdate: Reknown shares nothing, OptIn is false")
    dropped = request.parameters_to_delete or ()
    if "ConnectedHomeMinConfidence" in dropped:
        raise InputError(f"ConnectedHomeMinConfidence {_FOR_LABELS}")
    zones, without = request.regions_of_interest_for_update, "RegionsOfInterest" in dropped
    if (without and zones is not None) or not (without or zones is not None or sharing):
        raise InputError(
            "give either RegionsOfInterestForUpdate, or RegionsOfInterest in ParametersToDelete"
        )
    options: WatchOptions = {}
    if without or zones is not None:
        options["zones"] = _zones(zones or ())
    permitted = call.rights.permits_collection
    shared = None if sharing is None else sharing.opt_in
    watches.change_watch(call.context, request.name, options, permitted, shared=shared)
    return shapes.UpdateStreamProcessorResponse()


def delete_stream_processor(
    call: Call, request: shapes.DeleteStreamProcessorRequest
) -> shapes.DeleteStreamProcessorResponse:
    """With its tags; its events stay for as long as events are kept."""
    watches.delete_watch(call.context, request.name, call.rights.permits_collection)
    return shapes.DeleteStreamProcessorResponse()


def look_through_camera(
    call: Call, request: shapes.ReknownLookThroughCameraRequest
) -> shapes.ReknownLookThroughCameraResponse:
    """An extension: the newest picture, or how it is without one."""
    sight = looks.look_through_camera(call.context, request.name, call.rights.permits_collection)
    taken = sight.taken_at
    return shapes.ReknownLookThroughCameraResponse(
        status=sight.watch.stored.state.value,
        status_message=sight.watch.message,
        picture=sight.picture,
        taken_at=None if taken is None else taken.timestamp(),
    )


def _refuse_what_is_for_labels(request: shapes.CreateStreamProcessorRequest) -> None:
    if request.settings.connected_home is not None:
        raise InputError(_LABELS)
    if request.notification_channel is not None:
        raise InputError(f"NotificationChannel {_FOR_LABELS}")


def _face_search(settings: shapes.StreamProcessorSettings) -> shapes.FaceSearchSettings:
    search = settings.face_search
    if search is None or search.collection_id is None:
        raise InputError("Settings needs FaceSearch with a CollectionId")
    return search


def _camera(wanted: shapes.StreamProcessorInput) -> str:
    stream = wanted.kinesis_video_stream
    if stream is None or stream.arn is None:
        raise InputError("Input needs KinesisVideoStream with the Arn that stands for the camera")
    return stream.arn


def _output(call: Call, wanted: shapes.StreamProcessorOutput, kms_key: str | None) -> str | None:
    stream, folder = wanted.kinesis_data_stream, wanted.s3_destination
    if stream is not None and folder is not None:
        raise InputError("Output takes either KinesisDataStream or S3Destination")
    if folder is not None and folder.bucket is not None:
        return _bucket(call.outputs, RecordFolder(folder.bucket, folder.key_prefix), kms_key)
    if folder is not None:
        raise InputError("S3Destination needs a Bucket")
    if kms_key is not None:
        raise InputError(
            "KmsKeyId is for records that S3Destination puts into a bucket: leave it out"
        )
    if stream is None or stream.arn is None:
        return None
    if not call.outputs.data_streams:
        raise InputError(
            "records into Kinesis data streams are not enabled (--kinesis-endpoint): leave "
            "Output empty, {}, and read events from GET /events"
        )
    return stream.arn


def _bucket(outputs: RecordOutputs, folder: RecordFolder, kms_key: str | None) -> str:
    if folder.bucket not in outputs.buckets:
        raise InputError(
            f"bucket {folder.bucket!r} may not be written into: the operator allows it with "
            "--record-bucket; or leave Output empty, {}, and read events from GET /events"
        )
    if kms_key is not None and not outputs.encrypting:
        raise InputError("the buckets of this server are folders without keys: leave KmsKeyId out")
    return folder.text


def _zones(wanted: Iterable[shapes.RegionOfInterest]) -> tuple[WatchZone, ...]:
    return tuple(map(_zone, wanted))


def _zone(wanted: shapes.RegionOfInterest) -> WatchZone:
    box, polygon = wanted.bounding_box, wanted.polygon or ()
    return WatchZone(
        box=None
        if box is None
        else BoundingBox(box.left or 0.0, box.top or 0.0, box.width or 0.0, box.height or 0.0),
        polygon=tuple(Point(point.x or 0.0, point.y or 0.0) for point in polygon),
    )


def _wire_zone(zone: WatchZone) -> shapes.RegionOfInterest:
    return shapes.RegionOfInterest(
        bounding_box=None if zone.box is None else bounding_box(zone.box),
        polygon=tuple(shapes.Point(x=corner.x, y=corner.y) for corner in zone.polygon) or None,
    )


def _input_arn(call: Call, camera: str) -> str:
    """A watch that was made elsewhere may have its camera by name."""
    if camera.startswith("arn:"):
        return camera
    return video_stream_arn(call.region, camera)


def _wire_output(plan: WatchPlan) -> shapes.StreamProcessorOutput:
    if plan.output is None:
        return shapes.StreamProcessorOutput()
    folder = folder_of(plan.output)
    if folder is not None:
        place = shapes.S3Destination(bucket=folder.bucket, key_prefix=folder.prefix)
        return shapes.StreamProcessorOutput(s3_destination=place)
    stream = shapes.KinesisDataStream(arn=plan.output)
    return shapes.StreamProcessorOutput(kinesis_data_stream=stream)


def _wire_sharing(plan: WatchPlan) -> shapes.StreamProcessorDataSharingPreference | None:
    if plan.shared is None:
        return None
    return shapes.StreamProcessorDataSharingPreference(opt_in=plan.shared)
