"""The drawing of the rooms shows what is there, in the order of the import contract."""

import re
import tomllib
import xml.etree.ElementTree as ET

from snippets import ROOT

SVG = "{http://www.w3.org/2000/svg}"


def layers_drawn() -> list[set[str]]:
    groups = ET.parse(ROOT / "docs" / "rooms.svg").getroot().findall(f"{SVG}g")
    return [{str(text.text) for text in group.findall(f"{SVG}text") if text.get("class") == "name"} for group in groups]


def test_the_drawing_has_the_layers_of_the_import_contract():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    assert layers_drawn() == [set(re.findall(r"styler\.(\w+)", layer)) for layer in layers]


def test_the_drawing_has_every_entry_of_the_package():
    entries = {
        path.stem for path in (ROOT / "styler").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert set.union(*layers_drawn()) == entries - {"__init__", "__main__"}
