"""Joining: segments become one file, with the sound, subtitles and attachments of the source, nothing encoded again."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
from av.stream import Stream

from styler.errors import StylerError
from styler.video.containers import opened
from styler.video.encoding import ANIMATED, CONTAINERS, Encoding
from styler.video.picture_joining import write_animation
from styler.video.scheduling import ordinary_scheduling
from styler.video.segments import read_segment, segment_times
from styler.video.video_info import VideoInfo

MAX_LEAD = 1
"""Seconds that the first frame is decoded before it is shown, at most."""

COPIED = ("audio", "subtitle", "attachment")
"""Kinds of streams that are copied."""


@dataclass(frozen=True)
class Copying:
    """Which part of the other streams is copied: from `start` to `end` seconds, moved by -`start`."""

    source: Path | None
    start: Fraction = Fraction(0)
    end: Fraction | None = None


def check_copied(copying: Copying, out: Path) -> None:
    """Raise a StylerError if the container of the result does not hold a stream of the source."""
    if copying.source is None or out.suffix.lower() not in CONTAINERS:
        return
    with opened(copying.source) as source, av.open(_Nowhere(), "w", format=CONTAINERS[out.suffix.lower()]) as trial:
        for stream in copied_streams(source):
            try:
                trial.add_stream_from_template(stream)
            except (av.error.FFmpegError, ValueError) as error:
                codec = stream.codec_context.name if stream.codec_context else stream.type
                what = f"{out.suffix} does not hold the {stream.type} of {copying.source} ({codec})"
                raise StylerError(what, "write .mkv, which holds all, or leave it out with --streams none") from error


class _Nowhere:
    """A file for a container that is never written."""

    name = "trial"

    def write(self, data: bytes) -> int:
        """Take the bytes and forget them."""
        return len(data)


def copied_streams(source: av.container.InputContainer) -> list[Stream]:
    """Return the streams that are copied."""
    return [stream for stream in source.streams if stream.type in COPIED]


def join(
    segments: Sequence[Path],
    file: BinaryIO,
    *,
    out: Path,
    encoding: Encoding,
    info: VideoInfo,
    times: Sequence[int],
    durations: Sequence[int],
    copying: Copying,
) -> None:
    """Write the result to an open file.

    Args:
        segments: Files of segments, in order.
        file: The result, open for writing.
        out: Its name, whose extension gives the container.
        encoding: That of all segments.
        info: The source, for rotation and metadata.
        times: Times of the frames in the order in which they are shown, in units of the time base.
        durations: Their durations.
        copying: The other streams.
    """
    if out.suffix.lower() in ANIMATED:
        write_animation(segments, file, out=out, encoding=encoding, durations=durations)
        return
    with av.open(file, "w", format=CONTAINERS[out.suffix.lower()]) as container:
        container.flags |= 0x0400  # AVFMT_FLAG_BITEXACT: no random identifiers, no time of writing
        stream = container.add_stream(encoding.encoder, rate=encoding.rate)
        if not isinstance(stream, av.VideoStream):
            raise TypeError(f"expected an encoder of video, got {encoding.encoder}")
        encoding.configure(stream.codec_context)
        stream.time_base, stream.sample_aspect_ratio = encoding.time_base, encoding.aspect
        if info.turn is not None:
            stream.set_display_matrix(info.turn)
        packets = video_packets(segments, stream, times, durations)
        if copying.source is None:
            with ordinary_scheduling():
                container.start_encoding()
            for _, packet in packets:
                packet.time_base = encoding.time_base
                container.mux_one(packet)
            return
        with opened(copying.source) as source:
            container.metadata.update({key: value for key, value in source.metadata.items() if key in _KEPT})
            pairs = {one.index: container.add_stream_from_template(one) for one in copied_streams(source)}
            for one in copied_streams(source):
                pairs[one.index].metadata.update(one.metadata)
            with ordinary_scheduling():
                container.start_encoding()
            for _, packet in heapq.merge(packets, copied_packets(source, pairs, copying), key=lambda pair: pair[0]):
                container.mux_one(packet)


_KEPT = ("title", "artist", "comment", "copyright", "date", "description", "creation_time", "location")


def video_packets(
    segments: Sequence[Path], stream: av.VideoStream, times: Sequence[int], durations: Sequence[int]
) -> Iterator[tuple[float, av.Packet]]:
    """Yield the packets of all segments with their decoding times in seconds.

    Encoders of each segment begin anew, so decoding times are set over all of them: those of showing, late by as many
    frames as the deepest reordering needs.
    """
    order = [pts for path in segments for pts in segment_times(path)]
    rank = {pts: index for index, pts in enumerate(times)}
    delay = max((index - rank[pts] for index, pts in enumerate(order)), default=0)
    base = stream.codec_context.time_base
    # MP4 takes the length of a track from decoding times: with this lead it is that of the frames as they are shown.
    lead = min(times[-1] - times[-1 - delay], max(delay, round(MAX_LEAD / base)))
    for index, encoded in enumerate(one for path in segments for one in read_segment(path)):
        packet = av.Packet(encoded.data)
        packet.stream, packet.time_base = stream, base
        packet.pts, packet.duration = encoded.pts, durations[rank[encoded.pts]]
        packet.dts = times[index - delay] if index >= delay else times[0] - lead + index
        packet.is_keyframe = encoded.is_key
        yield float(packet.dts * base), packet


def copied_packets(
    source: av.container.InputContainer, pairs: dict[int, Stream], copying: Copying
) -> Iterator[tuple[float, av.Packet]]:
    """Yield the packets of the other streams with their decoding times in seconds."""
    streams = [source.streams[index] for index in pairs if source.streams[index].type != "attachment"]
    if not streams:
        return
    try:
        for packet in source.demux(*streams):
            if packet.size == 0 or packet.dts is None:
                continue
            begins = packet.dts * packet.time_base
            is_early = copying.start > 0 and begins < copying.start  # what comes before 0 primes the decoder
            if is_early or (copying.end is not None and begins >= copying.end):
                continue
            shift = round(copying.start / packet.time_base)
            packet.dts -= shift
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.stream = pairs[packet.stream_index]
            yield float(begins - copying.start), packet
    except av.error.FFmpegError:  # the file ends too early: what there is has been copied
        return
