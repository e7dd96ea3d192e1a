"""When each frame of a result is shown, and which frame of the source it shows."""

from styler.video.plan import Plan, Timing
from styler.video.video_info import TimedFrame, VideoInfo


class SourceFrames:
    """Numbers, times and durations of the source's frames."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.times: list[int] = []
        self.durations: list[int] = []

    def add(self, number: int, timed: TimedFrame) -> None:
        """Add a frame; that a frame lasts until the next one begins is known only then."""
        if self.times:
            self.durations[-1] = timed.pts - self.times[-1]
        self.numbers.append(number)
        self.times.append(timed.pts)
        self.durations.append(timed.duration)

    def schedule(self, plan: Plan, timing: Timing, info: VideoInfo, shots: list[int]) -> None:
        """Fill the plan: all frames, or those that are shown at each tick of another rate."""
        if not self.times:
            return
        if timing.fps is None:
            shift = round(timing.start / info.time_base)
            plan.sources, plan.durations, plan.shots = self.numbers, self.durations, shots
            plan.times = [pts - shift for pts in self.times]
            return
        first, last = self.times[0], self.times[-1] + self.durations[-1]
        count = max(1, round((last - first) * info.time_base * timing.fps))
        index = 0
        for tick in range(count):
            now = first + tick / (timing.fps * info.time_base)
            while index + 1 < len(self.times) and self.times[index + 1] <= now:
                index += 1
            plan.sources.append(self.numbers[index])
            plan.times.append(tick)
            plan.durations.append(1)
            plan.shots.append(shots[index])
