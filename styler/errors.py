"""The error that tells users about trouble of their own, and the warning."""


class StylerError(RuntimeError):
    """An error that the user can fix: one line on what is wrong, one on what to do."""

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what, todo)
        self.what = what
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.what}\n{self.todo}"


class StylerWarning(UserWarning):
    """Something the user should know although the work went on."""
