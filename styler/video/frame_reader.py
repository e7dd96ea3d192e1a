"""Frames of a video by their numbers."""

from styler.errors import StylerError
from styler.video.ahead import Ahead, queue_length
from styler.video.plan import Timing, selected
from styler.video.video_info import TimedFrame, Video


class FrameReader:
    """Frames by their numbers, decoded ahead in a thread; going back decodes from the beginning again."""

    def __init__(self, video: Video, timing: Timing):
        """Store the arguments; decoding begins with the first frame that is asked for."""
        self._video, self._timing = video, timing
        self._ahead: Ahead[tuple[int, TimedFrame]] | None = None
        self._current: tuple[int, TimedFrame] | None = None

    def frame(self, number: int) -> TimedFrame:
        """Return a frame.

        Raises:
            StylerError: If it can't be read.
        """
        if self._current is not None and number < self._current[0]:
            self.close()
        if self._ahead is None:
            info = self._video.info
            self._ahead = Ahead(selected(self._video, self._timing), queue_length(info.height, info.width))
        while self._current is None or self._current[0] < number:
            self._current = next(self._ahead, None)
            if self._current is None:
                todo = "it must not change while it is being read: run the command again"
                raise StylerError(f"{self._video.info.path} has fewer frames than before", todo)
        return self._current[1]

    def close(self) -> None:
        """End the thread."""
        if self._ahead is not None:
            self._ahead.close()
        self._ahead = self._current = None
