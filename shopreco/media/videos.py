"""A video's bytes → a few small upright RGB images. Runs in the decoder process.

What is cheap is decoded whole. Of a longer video the key frames are decoded, which encoders put
where scenes change.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from struct import unpack_from
from typing import TYPE_CHECKING, Any, cast

from shopreco.media.damage import is_damage
from shopreco.media.errors import MediaRejected
from shopreco.media.limits import Limits
from shopreco.media.scenes import Shot, choose_shots

if TYPE_CHECKING:
    from av.buffer import Buffer
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL.Image import Image

# Names of FFmpeg's demuxers and decoders. Playlists, which name other files, are not among them.
CONTAINERS = ("mov", "matroska", "avi", "mpegts", "ogg")
CODECS = ("h264", "hevc", "vp8", "vp9", "libdav1d", "mpeg4", "mpeg2video", "mjpeg", "theora")

WHOLE_PIXELS = 1_000_000_000  # decoded without a second thought: forty seconds of 720p
CANDIDATES = 64  # frames to choose from
MAX_PIXEL_ASPECT = 8  # times as long as wide; beyond it, a file's word is a mistake


def decode_frames(data: bytes, limits: Limits, whole_pixels: int = WHOLE_PIXELS) -> list[Image]:
    """1 to `limits.frames` RGB images in order of time, unlike each other.

    whole_pixels: of all frames together, up to which a video is decoded whole.

    Raises `MediaRejected`; for a damaged file also whatever PyAV raises.
    """
    with _open(data) as container:
        stream = _picture_track(container, limits)
        packets = list(container.demux(stream))
        _refuse_length(packets, stream, limits)
        shots = list(_shots(stream, packets, limits, whole_pixels))
    if not shots:
        raise MediaRejected(
            "No frame of the video can be decoded: it is damaged, so upload it again."
        )
    return [shot.image for shot in choose_shots(shots, limits.frames)]


def _open(data: bytes) -> InputContainer:
    import av

    try:
        container: InputContainer = av.open(
            io.BytesIO(data),
            "r",
            options={"format_whitelist": ",".join(CONTAINERS), "codec_whitelist": ",".join(CODECS)},
            **_tags_as_they_are(),
        )
    except MemoryError:
        raise
    except av.error.FFmpegError as error:
        if not is_damage(error):
            raise
        raise MediaRejected(
            "The file is not a video that is read (MP4, MOV, WebM, MKV, AVI, MPEG-TS or Ogg), "
            "or it is damaged: upload an MP4 (H.264)."
        ) from None
    return container


def _tags_as_they_are() -> dict[str, Any]:
    """PyAV 18 refuses a video for a tag that is not UTF-8 unless told; 19 never does, and knows no
    such argument."""
    import av

    return {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}


def _picture_track(container: InputContainer, limits: Limits) -> VideoStream:
    from av.stream import Disposition

    tracks = [
        stream
        for stream in container.streams.video
        if _is_decodable(stream) and not stream.disposition & Disposition.attached_pic
    ]
    if not tracks:
        raise MediaRejected(
            "The file has no moving picture, or it is damaged: upload an MP4 (H.264)."
        )
    track = max(tracks, key=lambda stream: stream.width * stream.height)
    context = track.codec_context
    if context.codec.name not in CODECS:
        raise MediaRejected(f"Videos coded as {context.name} are not read: upload an MP4 (H.264).")
    pixels = context.width * context.height
    if pixels > limits.video_pixels:
        raise MediaRejected(
            f"The video's frames have {pixels / 1e6:,.1f} megapixels, more than the "
            f"{limits.video_pixels / 1e6:,.1f} that are read: save it smaller."
        )
    context.thread_count = 1
    # A frame may declare another size than its file; damage must not come out as grey smears.
    context.options = {"max_pixels": str(limits.video_pixels), "err_detect": "explode"}
    return track


def _is_decodable(stream: VideoStream) -> bool:
    context: object = stream.codec_context
    return context is not None


def _refuse_length(
    packets: Sequence[Packet[VideoStream]], stream: VideoStream, limits: Limits
) -> None:
    """Refuse a video that is too long, counted from its packets: a header may be wrong."""
    times = [packet.pts for packet in packets if packet.pts is not None]
    if not times or stream.time_base is None:
        return
    seconds = float((max(times) - min(times)) * stream.time_base)
    if seconds > limits.video_seconds:
        raise MediaRejected(
            f"The video lasts {seconds / 60:,.1f} minutes, more than the "
            f"{limits.video_seconds / 60:,.1f} that are read: upload a shorter one."
        )


def _shots(
    stream: VideoStream,
    packets: Sequence[Packet[VideoStream]],
    limits: Limits,
    whole_pixels: int,
) -> Iterator[Shot]:
    pixels = max(stream.codec_context.width * stream.codec_context.height, 1)
    affordable = max(whole_pixels // pixels, CANDIDATES)
    beginning = packets[:affordable]
    if len(beginning) < len(packets):
        keys = [packet for packet in packets if packet.is_keyframe]
        yield from _decode(stream, _thinned(keys), 1, limits)
        if len(keys) >= limits.frames:
            return
    yield from _decode(stream, beginning, -(-len(beginning) // CANDIDATES), limits)


def _thinned(packets: Sequence[Packet[VideoStream]]) -> Sequence[Packet[VideoStream]]:
    return packets[:: max(1, -(-len(packets) // CANDIDATES))]


def _decode(
    stream: VideoStream, packets: Sequence[Packet[VideoStream]], step: int, limits: Limits
) -> Iterator[Shot]:
    """Every `step`-th frame of `packets`; damaged ones are left out."""
    for index, frame in enumerate(_frames(stream, packets)):
        if index % step == 0 and not frame.is_corrupt:
            yield Shot.of(_small(frame, _pixel_shape(stream), limits.side), frame.time)


def _frames(stream: VideoStream, packets: Sequence[Packet[VideoStream]]) -> Iterator[VideoFrame]:
    import av

    context = stream.codec_context
    for packet in [*packets, None]:
        try:
            yield from context.decode(packet)
        except MemoryError:
            raise
        except av.error.FFmpegError as error:
            if not is_damage(error):
                raise
    context.flush_buffers()


def _pixel_shape(stream: VideoStream) -> float:
    """Width of a pixel as a share of its height: what the container says, else the codec."""
    shape = float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
    return shape if 1 / MAX_PIXEL_ASPECT <= shape <= MAX_PIXEL_ASPECT else 1.0


def _small(frame: VideoFrame, pixel_shape: float, side: int) -> Image:
    shown = frame.width * pixel_shape
    scale = min(1.0, side / max(shown, frame.height))
    width = max(1, round(shown * scale))
    height = max(1, round(frame.height * scale))
    image: Image = frame.to_image(  # type: ignore[no-untyped-call]  # its stub is bare
        width=width, height=height, interpolation="AREA", threads=1
    )
    return _upright(image, frame)


def _upright(image: Image, frame: VideoFrame) -> Image:
    from PIL.Image import Transpose

    if _is_mirrored(frame):
        image = image.transpose(Transpose.FLIP_TOP_BOTTOM)  # what the rotation leaves of it
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image


def _is_mirrored(frame: VideoFrame) -> bool:
    """As front cameras have it: the display matrix turns one axis round and not the other."""
    from av.sidedata.sidedata import Type

    # Its stub knows one key of them.
    matrix = cast("Mapping[Type, Buffer]", frame.side_data).get(Type.DISPLAYMATRIX)
    if matrix is None:
        return False
    a, b, _u, c, d = unpack_from("=5i", bytes(matrix))
    return bool(a * d < b * c)
