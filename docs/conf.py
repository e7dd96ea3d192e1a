"""How Sphinx builds the documentation: `uv run --group docs sphinx-build -W --keep-going -b html docs build/docs`."""

import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

import styler

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "styler"
author = copyright = "The styler developers"
version = release = styler.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "command_reference",
    "demo",
    "type_aliases",
]
exclude_patterns = ["extensions"]
highlight_language = "none"  # of code blocks that name no language, such as those indented by four spaces
copybutton_exclude = ".linenos, .gp, .go, .c1"  # comments stay where they are when a command is copied

smartquotes_action = "De"  # dashes and ellipses; quotes stay, since they are Python's in docstrings
default_role = "py:obj"  # of `names` in docstrings

myst_heading_anchors = 3  # links such as matrix-sqrt.md#which-method-when
suppress_warnings = ["myst.header"]  # docs/quality.md begins with headings of the third level

autoclass_content = "both"
autodoc_inherit_docstrings = False  # torch's on `nn.Module.__init__` say nothing about ours
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Reference", "notes_style")]

html_theme = "furo"
html_title = f"styler {release}"
html_static_path = ["static"]
html_css_files = ["styler.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#8a3b12", "color-brand-content": "#9a4a1a"},
    "dark_css_variables": {"color-brand-primary": "#f0a868", "color-brand-content": "#f0a868"},
}
html_copy_source = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Show the whole signature of `stylize`, once, instead of its two overloads, which take `**options`."""
    for module in ("styler.transfer.stylizer", "styler.transfer.single_call"):
        analyzer = ModuleAnalyzer.for_module(module)
        analyzer.analyze()
        analyzer.overloads.clear()
    app.connect("source-read", link_models)


def link_models(app: Sphinx, page: str, source: list[str]) -> None:
    """Let links of the pages to the models' cards, which lie outside of docs/, point to their pages here."""
    source[0] = source[0].replace("](../models/", "](models/")
