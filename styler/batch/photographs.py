"""Photographs of a batch, whose colors alone are changed: as those of styles, or by a .cube file."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from styler.batch.pictures import BatchStylizer, LoadedPicture
from styler.photo.cube_file import is_cube, read_cube
from styler.photo.photograph import FIT_SIZE, looked_up_photo, photo_stylized


class PhotoBatchStylizer(BatchStylizer):
    """A `BatchStylizer` whose settings are the arguments of `photo_stylized`, and `photo`."""

    def stylize(self, batch: Sequence[LoadedPicture]) -> list[Tensor]:
        """Return the samples of each photograph, `(1, 3, H, W)`.

        Raises:
            StylerError: If the style can't be read.
        """
        job = batch[0].job
        settings = {name: value for name, value in self.settings_of(job).items() if name != "photo"}
        pictures = [replace(loaded.picture, source=None) for loaded in batch]  # `save` makes the record
        if is_cube(job.style):
            how: dict[str, Any] = {name: settings.get(name) for name in ("alpha", "keep", "size")}
            table = read_cube(job.style)
            return [looked_up_photo(picture, table, **how).samples for picture in pictures]
        longest = min(FIT_SIZE, max(batch[0].picture.size))
        styles = [self._style(path, job.styles, longest) for path in job.styles]
        return [photo_stylized(self.stylizer, picture, styles, **settings).picture.samples for picture in pictures]
