"""TIFF files of any layout, made by hand: no library writes them all."""

import struct

import numpy as np

FORMS = {1: "B", 3: "H", 4: "I"}


def page(samples, *, photometric, planar=False, subfile=0, tile=None, order="<", more=None):
    """An uncompressed page of `(H, W)` or `(H, W, C)` uint8, uint16 or float32 samples."""
    deep = samples if samples.ndim == 3 else samples[..., None]
    height, width, channels = deep.shape
    raw = deep.astype(deep.dtype.newbyteorder(order))
    planes = [raw[..., k : k + 1] for k in range(channels)] if planar else [raw]
    tags = {254: (4, [subfile]), 256: (4, [width]), 257: (4, [height]), 258: (3, [8 * raw.itemsize] * channels)}
    tags |= {259: (3, [1]), 262: (3, [photometric]), 277: (3, [channels]), 284: (3, [2 if planar else 1])}
    tags |= {339: (3, [3] * channels)} if raw.dtype.kind == "f" else {}
    if tile is None:
        parts = [plane.tobytes() for plane in planes]
        tags |= {273: (4, [0] * len(parts)), 278: (4, [height]), 279: (4, [len(part) for part in parts])}
    else:
        parts = []
        for plane in planes:
            whole = np.pad(plane, ((0, -height % tile), (0, -width % tile), (0, 0)))
            tops, lefts = range(0, height, tile), range(0, width, tile)
            parts += [whole[y : y + tile, x : x + tile].tobytes() for y in tops for x in lefts]
        tags |= {322: (4, [tile]), 323: (4, [tile]), 324: (4, [0] * len(parts)), 325: (4, list(map(len, parts)))}
    return tags | (more or {}), parts


def tiff(pages, *, subpages=(), order="<"):
    """A file of pages; `subpages` hang on the first, as raw data hangs on a camera's thumbnail."""
    body = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))

    def write(tags, parts, hanging):
        offsets = []
        for part in parts:
            offsets.append(len(body))
            body.extend(part + bytes(len(part) % 2))
        tags = tags | {273 if 273 in tags else 324: (4, offsets)} | ({330: (4, hanging)} if hanging else {})
        entries = b""
        for number, (kind, values) in sorted(tags.items()):
            count = len(values)
            data = values if isinstance(values, bytes) else struct.pack(f"{order}{count}{FORMS[kind]}", *values)
            if len(data) > 4:
                at = len(body)
                body.extend(data + bytes(len(data) % 2))
                data = struct.pack(order + "I", at)
            entries += struct.pack(order + "HHI", number, kind, count) + data.ljust(4, b"\0")
        at = len(body)
        body.extend(struct.pack(order + "H", len(tags)) + entries + bytes(4))
        return at

    hanging, link = [write(*one, []) for one in subpages], 4
    for index, one in enumerate(pages):
        at = write(*one, hanging if index == 0 else [])
        struct.pack_into(order + "I", body, link, at)
        link = len(body) - 4
    return bytes(body)
