"""How Sphinx builds the site of these pages: `make docs`."""

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "Lockstep"
html_title = "Lockstep"
extensions = ["myst_parser"]
html_theme = "furo"
# Links such as security.md#records work here as they do on a forge.
myst_heading_anchors = 4
html_copy_source = False
html_show_copyright = False


def setup(app: Sphinx) -> None:
    """Show diagrams, which a forge draws, as their text: drawing takes a script from elsewhere."""
    app.add_lexer("mermaid", TextLexer)
