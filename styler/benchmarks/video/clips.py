"""Clips with exactly known motion: pictures moved by an affine map in each frame.

A clip is a background, and perhaps an ellipse of another picture before it. From the maps follows where a pixel of one
frame is in another, and whether it is seen there. Images are RGB floats in [0, 1], `(3, H, W)`; points are x, y.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

HEIGHT, WIDTH, COUNT = 240, 320, 24
NOISE = 2 / 255
"""Deviation of a sensor's noise."""

RIM = 2.0
"""Pixels at edges of layers and of the frame that are not compared."""


@dataclass(frozen=True)
class Motion:
    """How a picture moves, in each frame: pixels to the right and down, growth, and turn in radians."""

    right: float = 0.0
    down: float = 0.0
    growth: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True)
class Layer:
    """A moving picture; `radius` is that of an ellipse in the frame, as a share of its sides, None for all of it."""

    picture: Tensor
    motion: Motion
    radius: float | None = None


@dataclass(frozen=True)
class KnownClip:
    """A clip: layers from the lowest to the highest, and the light in each frame."""

    name: str
    layers: Sequence[Layer]
    light: Sequence[float]
    height: int = HEIGHT
    width: int = WIDTH

    def frames(self) -> Tensor:
        """Return the frames, `(T, 3, H, W)`."""
        points = self._points()
        frames = []
        for time, light in enumerate(self.light):
            frame = torch.zeros(3, self.height, self.width)
            for layer in self.layers:
                frame = torch.lerp(frame, self._shown(layer, time, points), self._cover(layer, time, points).float())
            generator = torch.Generator().manual_seed(time)
            frames.append(frame * light + NOISE * torch.randn(frame.shape, generator=generator))
        return (torch.stack(frames).clamp(0, 1) * 255).round() / 255

    def flow(self, now: int, before: int) -> tuple[Tensor, Tensor]:
        """Return where each pixel of frame `now` is in frame `before`, `(H, W, 2)`, and whether it is seen there."""
        points = self._points()
        top, clear = self._top(points, now)
        source = torch.zeros_like(points)
        for index, layer in enumerate(self.layers):
            moved = self._into_frame(layer, before, self._into_layer(layer, now, points))
            source = torch.where((top == index)[..., None], moved, source)
        there, clear_there = self._top(source, before)
        limit = torch.tensor([self.width - 1.0, self.height - 1.0], dtype=torch.float64) - RIM
        inside = ((source >= RIM) & (source <= limit)).all(-1)
        return source, inside & (there == top) & clear & clear_there

    def _points(self) -> Tensor:
        y, x = torch.meshgrid(torch.arange(self.height), torch.arange(self.width), indexing="ij")
        return torch.stack([x, y], -1).double()

    def _map(self, layer: Layer, time: int) -> tuple[Tensor, Tensor]:
        """Return matrix and offset from coordinates about the layer's middle to the frame's pixels."""
        away, motion = time - (len(self.light) - 1) / 2, layer.motion
        scale, angle = 1 + motion.growth * away, motion.turn * away
        rotation = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        middle = torch.tensor([(self.width - 1) / 2, (self.height - 1) / 2], dtype=torch.float64)
        shift = torch.tensor([motion.right * away, motion.down * away], dtype=torch.float64)
        return scale * torch.tensor(rotation, dtype=torch.float64), middle + shift

    def _into_layer(self, layer: Layer, time: int, points: Tensor) -> Tensor:
        matrix, offset = self._map(layer, time)
        return (points - offset) @ torch.linalg.inv(matrix).mT

    def _into_frame(self, layer: Layer, time: int, places: Tensor) -> Tensor:
        matrix, offset = self._map(layer, time)
        return places @ matrix.mT + offset

    def _depth(self, layer: Layer, time: int, points: Tensor) -> Tensor:
        """Return about how many pixels inside of the layer's edge points are; negative outside."""
        if layer.radius is None:
            return torch.full(points.shape[:-1], math.inf, dtype=torch.float64)
        radii = layer.radius * torch.tensor([self.width, self.height], dtype=torch.float64)
        return (1 - (self._into_layer(layer, time, points) / radii).norm(dim=-1)) * radii.min()

    def _cover(self, layer: Layer, time: int, points: Tensor) -> Tensor:
        return (self._depth(layer, time, points) + 0.5).clamp(0, 1)

    def _top(self, points: Tensor, time: int) -> tuple[Tensor, Tensor]:
        top = torch.zeros(points.shape[:-1], dtype=torch.long)
        clear = torch.ones(points.shape[:-1], dtype=torch.bool)
        for index, layer in enumerate(self.layers[1:], 1):
            depth = self._depth(layer, time, points)
            top, clear = torch.where(depth > 0, index, top), clear & (depth.abs() > RIM)
        return top, clear

    def _shown(self, layer: Layer, time: int, points: Tensor) -> Tensor:
        middle = torch.tensor([layer.picture.shape[-1] - 1, layer.picture.shape[-2] - 1], dtype=torch.float64) / 2
        return sampled(layer.picture, self._into_layer(layer, time, points) + middle)


def sampled(image: Tensor, points: Tensor) -> Tensor:
    """Return an image at points `(H, W, 2)`, interpolated bicubically and mirrored at its borders."""
    size = torch.tensor([image.shape[-1] - 1, image.shape[-2] - 1])
    grid = (points / size * 2 - 1).to(image.dtype)[None]
    return F.grid_sample(image[None], grid, mode="bicubic", padding_mode="reflection", align_corners=True)[0]


def known_clips(background: Tensor, thing: Tensor, *, count: int = COUNT) -> list[KnownClip]:
    """Return a pan, an object before a still background, a still picture with noise, and a ramp of light."""
    even, pan = [1.0] * count, Motion(1.7, 0.6, -0.004, 0.0025)
    ramp = [1 + 0.5 * (time / max(1, count - 1) - 0.5) for time in range(count)]
    near = Layer(thing, Motion(-4.3, -1.1, 0.0, 0.004), 0.25)
    return [
        KnownClip("pan", [Layer(background, pan)], even),
        KnownClip("object", [Layer(background, Motion(0.5, 0.2)), near], even),
        KnownClip("static", [Layer(background, Motion())], even),
        KnownClip("ramp", [Layer(background, Motion(0.6))], ramp),
    ]
