"""How Sphinx builds the documentation; `make docs` runs it.

The source folder is the repository, so that links between `docs/` and the pages beside it are the
same in a checkout, on a forge and on the site.
"""

import re
from pathlib import Path

project = "Reknown"
author = "the Reknown authors"
root_doc = "docs/index"
extensions = ["myst_parser"]

include_patterns = ["*.md", "docs/**"]
# The README is the forge's front page; the site has docs/index.md.
exclude_patterns = ["README.md", ".[!.]*", "bench", "build", "demo", "dist", "site", "src", "tests"]

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_title = "Reknown"
html_static_path = ["static"]
html_css_files = ["reknown.css"]
html_extra_path = ["site-root"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False

# Pictures of the console: `make docs` takes them where there is a browser; no checkout has them.
_PICTURE = re.compile(r"<!-- picture: ([a-z]+): (.+) -->")
_TAKEN = Path(__file__).parent / "pictures"
_SHOWN = """
:::{{image}} /docs/pictures/{name}-light.png
:alt: {what}
:class: only-light
:::
:::{{image}} /docs/pictures/{name}-dark.png
:alt: {what}
:class: only-dark
:::
:::{{image}} /docs/pictures/{name}-phone.png
:alt: {what}, on a phone
:width: 240px
:::
"""


def _show(found):
    name, what = found.groups()
    taken = (_TAKEN / f"{name}-light.png").is_file()
    return _SHOWN.format(name=name, what=what) if taken else ""


def _show_pictures(_app, _page, source):
    source[0] = _PICTURE.sub(_show, source[0])


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", _show_pictures)
