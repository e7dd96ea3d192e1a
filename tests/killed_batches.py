"""Kill batches again and again, each in a fork of this process, which has imported all that is slow to import.

Usage: python killed_batches.py FOLDER, where a model, contents in `c` and `c1`, and styles in `s` lie. Prints a line
of JSON: how many runs were killed, and what was wrong after a kill.
"""

import contextlib
import json
import os
import random
import select
import signal
import sys
from itertools import repeat
from pathlib import Path

import numpy as np
from PIL import Image

import styler.cli
import styler.cli.batch_inputs
import styler.cli.batch_run
from styler.batch.ledger import ledger_file
from styler.files import sha256

NUM_RANDOM = 10

Pictures = dict[str, np.ndarray]


class Batch:
    """A batch in a folder of results, and the pictures that it should make."""

    def __init__(self, folder: Path, contents: str, out: str, whole: Pictures):
        options = ["--model", folder / "tiny.safetensors", "--device", "cpu", "--dtype", "float32", "--quiet", "-j", 2]
        self.out, self.whole = folder / out, whole
        self.command = [*map(str, ["styler", "batch", folder / contents, folder / "s", "-o", self.out, *options])]

    def run(self, *, num_steps: int | None = None, seconds: float | None = None) -> int:
        """Return how a run ended that is killed before a step on the disk, or after some seconds, if given."""
        reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            die_before(num_steps)
            os._exit(self.status())
        os.close(writer)
        if not select.select([reader], [], [], seconds)[0]:  # the child's end closes as it ends
            os.kill(process, signal.SIGKILL)
        os.close(reader)
        return os.waitpid(process, 0)[1]

    def status(self) -> int:
        """Return the exit status of the command, run in this process."""
        sys.argv = self.command
        try:
            styler.cli.main()
        except SystemExit as ended:
            return ended.code or 0
        return 1

    def lines(self) -> list[dict]:
        ledger = ledger_file(self.out)
        text = ledger.read_bytes() if ledger.exists() else b""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith(b"\n")]

    def wrong(self) -> list[str]:
        """Return what must not be at any moment: half a picture, work recorded twice, or recorded and not there."""
        done = [line for line in self.lines() if line["outcome"] == "done"]
        names = [line["out"] for line in done]
        found = [f"{name} was done twice" for name in set(names) if names.count(name) > 1]
        found += [
            f"{line['out']} is not as recorded" for line in done if sha256(self.out / line["out"]) != line["output"]
        ]
        for name, pixels in loaded(self.out).items():
            if np.abs(pixels - self.whole[name]).max() > 1:
                found.append(f"{name} is not whole")
        return found

    def wrong_at_the_end(self) -> list[str]:
        """Return what must not be once a run has come to its end: anything missing, or left over."""
        there = {path.name for path in self.out.iterdir()} - {ledger_file(self.out).name}
        done = {line["out"] for line in self.lines() if line["outcome"] == "done"}
        return self.wrong() + [f"{name} is missing or left over" for name in there ^ done | done ^ self.whole.keys()]


def loaded(folder: Path) -> Pictures:
    return {path.name: np.asarray(Image.open(path), dtype=int) for path in folder.glob("[!.]*.png")}


def die_before(num_steps: int | None) -> None:
    """Kill this process as it takes its step number `num_steps` on the disk; a write is torn in the middle."""
    steps, write = repeat(None) if num_steps is None else iter(range(num_steps)), os.write

    def mortal(step):
        def taken(*args, **options):
            if next(steps, "none") == "none":
                if step is write:
                    write(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*args, **options)

        return taken

    for name in ("write", "fsync", "link", "unlink"):
        setattr(os, name, mortal(getattr(os, name)))


def killed_at_every_step(folder: Path, whole: Pictures) -> tuple[int, list[str]]:
    """Kill one run at each of its steps, each time in a new folder, and then let it finish."""
    found = []
    for number in range(1000):
        batch = Batch(folder, "c1", f"step{number}", {name: whole[name] for name in ("0-x.png",)})
        if batch.run(num_steps=number) == 0:
            return number, found
        found += batch.wrong() if batch.out.is_dir() else []
        found += [] if batch.run() == 0 else ["a run after a kill failed"]
        found += batch.wrong_at_the_end()
    return number, ["it never came to its end"]


def killed_at_random(folder: Path, whole: Pictures, longest: float) -> list[str]:
    """Kill runs in one folder until one comes to its end, then in a new one, `NUM_RANDOM` times in all."""
    chance, found, kills, number = random.Random(0), [], 0, 0
    while kills < NUM_RANDOM:
        batch = Batch(folder, "c", f"moment{number}", whole)
        if os.WIFSIGNALED(batch.run(seconds=chance.uniform(0, longest))):
            kills += 1
            found += batch.wrong() if batch.out.is_dir() else []
        else:
            found += batch.wrong_at_the_end()
            number += 1
    found += [] if batch.run() == 0 else ["the last run failed"]
    return found + batch.wrong_at_the_end()


def import_all(folder: Path) -> None:
    """Let a command fail, whose options are parsed first: that imports the rest."""
    (folder / "nothing").mkdir()
    sys.argv = ["styler", "batch", "--merge", str(folder / "nothing")]
    with contextlib.suppress(SystemExit):
        styler.cli.main()


def main(folder: Path) -> None:
    import_all(folder)
    status, whole = Batch(folder, "c", "whole", {}).run(), loaded(folder / "whole")
    again, start = Batch(folder, "c", "again", whole), os.times().elapsed
    again.run()
    longest = os.times().elapsed - start
    steps, found = killed_at_every_step(folder, whole)
    found += killed_at_random(folder, whole, longest)
    sys.stdout.write(json.dumps({"status": status, "pictures": len(whole), "steps": steps, "wrong": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
