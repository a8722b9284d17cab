"""How Sphinx builds the documentation; `make docs` runs it.

The source folder is the repository, so that links between `docs/` and the pages beside it are the
same in a checkout, on a forge and on the site.
"""

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
