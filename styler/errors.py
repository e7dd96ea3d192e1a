"""The one error that tells a user about trouble of their own."""


class StylerError(RuntimeError):
    """Trouble that the user can end: one line on what is wrong, one on what to do."""

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what, todo)
        self.what = what
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.what}\n{self.todo}"
