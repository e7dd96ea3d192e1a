"""FFmpeg's encoders: which there is for a codec, its pixel formats and its options."""

from typing import Literal

import av

from styler.errors import StylerError
from styler.video.color import PLANAR
from styler.video.video_info import VideoInfo

VideoCodec = Literal["h264", "hevc", "av1", "vp9", "prores", "ffv1"]
"""Codecs of results."""

ENCODERS = {
    "h264": ("libx264", "h264_videotoolbox", "h264_mf"),
    "hevc": ("libx265", "hevc_videotoolbox", "hevc_mf"),
    "av1": ("libsvtav1", "libaom-av1", "librav1e"),
    "vp9": ("libvpx-vp9",),
    "prores": ("prores_ks", "prores_aw"),
    "ffv1": ("ffv1",),
    "png": ("png",),
}
"""Encoders of each codec, the best first."""

CRF = {"libx264": 18, "libx265": 20, "libsvtav1": 28, "libaom-av1": 24, "libvpx-vp9": 24}
"""Default quality: hard to tell from the frames themselves. Paint has more detail than film, so files are large."""

PRESETS = {
    "libx264": ("preset", "faster"),
    "libx265": ("preset", "superfast"),
    "libsvtav1": ("preset", "8"),
    "libvpx-vp9": ("cpu-used", "4"),
    "prores_ks": ("profile", "hq"),
}
"""Option that --preset sets, and its default. On frames in a style those of H.264 and HEVC make files as small as the
encoders' own "medium", 0.2 dB worse, in 0.45 of the time."""

FIXED = {
    "libx264": {"x264-params": "mbtree=0"},  # with it, and threads of few rows, bytes differ from run to run
    "libx265": {"x265-params": "log-level=none"},
    "libvpx-vp9": {"b": "0", "row-mt": "1", "deadline": "good"},
    "prores_ks": {"vendor": "apl0"},
    "ffv1": {"level": "3", "slicecrc": "1"},
}
"""Options that are always set."""


def encoder_for(codec: str) -> str:
    """Return the encoder of a codec on this machine.

    Raises:
        StylerError: If there is none.
    """
    found = next((name for name in ENCODERS[codec] if name in av.codecs_available), None)
    if found is None:
        have = ", ".join(one for one, names in ENCODERS.items() if one != "png" and set(names) & av.codecs_available)
        raise StylerError(f"FFmpeg has no encoder for {codec} on this machine", f"choose --codec from {have}")
    return found


def pixel_format(encoder: str, info: VideoInfo, *, odd: bool) -> str:
    """Return the pixel format of the result: chroma and depth of the source, or the next that the encoder has.

    H.264 and HEVC cut frames only by whole chroma samples: odd sizes need chroma at full resolution.
    """
    known = [format.name for format in av.Codec(encoder, "w").video_formats or []]
    match = PLANAR.match(info.format)
    chroma = match[3] if match else "444" if encoder == "ffv1" else "420"
    if odd and encoder in ("libx264", "libx265"):
        chroma = "444"
    depths = [depth for depth in (8, 10, 12, 14, 16) if depth >= info.depth]
    others = {"420": ("420", "422", "444"), "422": ("422", "444", "420"), "440": ("444", "422", "420")}
    for depth in (*depths, 10, 8):
        for one in others.get(chroma, ("444", "422", "420")):
            name = f"yuv{one}p" if depth == 8 else f"yuv{one}p{depth}le"
            if name in known:
                return name
    return known[0] if known else "yuv420p"


def encoder_options(encoder: str, crf: float | None, preset: str | None) -> dict[str, str]:
    """Return the options of an encoder.

    Raises:
        StylerError: If it has no such option.
    """
    if crf is not None and encoder not in CRF:
        raise StylerError(f"{encoder} has no --crf: it is lossless, or has a fixed quality", "leave --crf out")
    if preset is not None and encoder not in PRESETS:
        raise StylerError(f"{encoder} has no --preset", "leave --preset out")
    options = dict(FIXED.get(encoder, {}))
    if encoder in CRF:
        options["crf"] = f"{CRF[encoder] if crf is None else crf:g}"
    if encoder in PRESETS:
        name, usual = PRESETS[encoder]
        options[name] = preset or usual
    return options
