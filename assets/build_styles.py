"""Build the built-in styles, their thumbnails and their page from builtin_styles.tsv, for all shipped models.

    python assets/build_styles.py --paintings PAINTINGS

PAINTINGS is the folder of the paintings named in the list; the paintings themselves are not part of the project.
Run it again whenever a shipped model has changed: a style fits only the encoder that it was computed with.
"""

import argparse
import csv
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from PIL import Image

from styler import Picture, Style, Stylizer
from styler.choices import STYLE_SUFFIX
from styler.files import sha256
from styler.model.catalog import shipped_models
from styler.transfer.style_file import save_style

ROOT = Path(__file__).parents[1]
LIST, FOLDER, PAGE = Path(__file__).with_name("builtin_styles.tsv"), ROOT / "models" / "styles", ROOT / "docs"
CREDITS = ("title", "painter", "year", "museum", "licence")
PHOTOGRAPH, THUMBNAIL_MODEL, SIZE = ROOT / "assets" / "coffee.jpg", "small", 300
COLUMNS = 7
INTRODUCTION = """# Built-in styles

Each of these names can stand wherever a style picture can: `styler transfer photo.jpg great-wave`. A file of the same
name has precedence. Only the moments of a painting's features are shipped, never the painting. The sheet shows
`assets/coffee.jpg` in each style, by the model `small`, in the order of the table.

![a cup of coffee in each style](builtin-styles.jpg)

"""


def main() -> None:
    """Build everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paintings", type=Path, required=True, help="Folder of the paintings.")
    paintings = parser.parse_args().paintings
    entries = listed()
    encoders: dict[str, str] = {}
    for model in shipped_models():
        stylizer = Stylizer(model, dtype="float32")
        encoders[model.stem] = stylizer.fingerprint
        for entry in entries:
            build(stylizer, entry, paintings)
    catalog = [{"name": entry["name"]} | {key: entry[key] for key in CREDITS} for entry in entries]
    text = json.dumps({"encoders": encoders, "styles": catalog}, indent=1, ensure_ascii=False)
    (FOLDER / "catalog.json").write_text(text + "\n", encoding="utf-8")
    sheet([FOLDER / "thumbnails" / f"{entry['name']}.webp" for entry in entries]).save(
        PAGE / "builtin-styles.jpg", quality=85, optimize=True
    )
    (PAGE / "builtin-styles.md").write_text(page(entries), encoding="utf-8")


def listed() -> list[dict[str, str]]:
    """Return the rows of the list, sorted by name."""
    with LIST.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return sorted(rows, key=lambda row: row["name"])


def build(stylizer: Stylizer, entry: dict[str, str], paintings: Path) -> None:
    """Write one style for one model; with the model of the thumbnails, its thumbnail too."""
    name, file = stylizer.model.name, ROOT / entry["file"]
    file = file if file.is_file() else paintings / entry["file"]
    source = {"name": file.name, "sha256": sha256(file)} | {key: entry[key] for key in CREDITS}
    style: Style = replace(stylizer.style(file), name=entry["name"], sources=(source,))
    path = FOLDER / name / f"{entry['name']}{STYLE_SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_style(style, path, overwrite=True, compact=True)
    if name == THUMBNAIL_MODEL:
        thumbnail = FOLDER / "thumbnails" / f"{entry['name']}.webp"
        thumbnail.parent.mkdir(exist_ok=True)
        thumbnail.write_bytes(webp(stylizer.stylize(Picture.open(PHOTOGRAPH), path, size=2 * SIZE)))
    print(f"{name}/{path.name}: {path.stat().st_size:,} bytes")  # noqa: T201


def webp(picture: Picture) -> bytes:
    """Return a picture as a thumbnail, a WebP file without metadata."""
    file = io.BytesIO()
    picture.resized(SIZE).pil().save(file, "WEBP", quality=80, method=6)
    return file.getvalue()


def sheet(thumbnails: Iterable[Path]) -> Image.Image:
    """Return the thumbnails in rows."""
    pictures = [Image.open(path).convert("RGB") for path in thumbnails]
    width, height = (side // 4 * 3 for side in pictures[0].size)
    rows = -(-len(pictures) // COLUMNS)
    found = Image.new("RGB", (COLUMNS * width, rows * height), "white")
    for index, picture in enumerate(pictures):
        found.paste(picture.resize((width, height)), (index % COLUMNS * width, index // COLUMNS * height))
    return found


def page(entries: Iterable[dict[str, str]]) -> str:
    """Return the page of credits."""
    heads = ("name", *CREDITS)
    rows = [f"| `{entry['name']}` | {' | '.join(entry[key] for key in CREDITS)} |" for entry in entries]
    return INTRODUCTION + "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *rows]) + "\n"


if __name__ == "__main__":
    main()
