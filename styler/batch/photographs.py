"""Photographs of a batch, whose colors alone are changed."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from styler.batch.pictures import BatchStylizer, LoadedPicture
from styler.photo.photograph import FIT_SIZE, photo_stylized


class PhotoBatchStylizer(BatchStylizer):
    """A `BatchStylizer` whose settings are the arguments of `photo_stylized`, and `photo`."""

    def stylize(self, batch: Sequence[LoadedPicture]) -> list[Tensor]:
        """Return the samples of each photograph, `(1, 3, H, W)`.

        Raises:
            StylerError: If the style can't be read.
        """
        job = batch[0].job
        settings = {name: value for name, value in self.settings_of(job).items() if name != "photo"}
        longest = min(FIT_SIZE, max(batch[0].picture.size))
        styles = [self._style(path, job.styles, longest) for path in job.styles]
        pictures = (replace(loaded.picture, source=None) for loaded in batch)  # `save` makes the record
        return [photo_stylized(self.stylizer, picture, styles, **settings).picture.samples for picture in pictures]
