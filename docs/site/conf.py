"""The site: made from the docstrings, the cards and the pages beside this file, without a network."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE / "_ext"), str(ROOT)]

import nnqft_ppl  # noqa: E402

project = "nnqft_ppl"
author = "The nnqft_ppl authors"
version = release = nnqft_ppl.__version__

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "executed",
    "generated",
    "mathml",
]
exclude_patterns = ["_quantities.md", "gallery/*.ipynb", "gallery/*.md5", "gallery/*.py", "gallery/*.zip"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # numpydoc's sections say them in words
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "nnqft_ppl"
html_static_path = ["_static"]
html_extra_path = [str(extra)] if (extra := ROOT / "build" / "extra").exists() else []  # the atlas, of `make docs`
html_css_files = ["site.css"]
html_show_sourcelink = False
# Pages that stand alone have nothing to list beside them.
html_sidebars = {page: [] for page in ("install", "first_hour", "equations", "symbols", "errata", "commands", "atlas")}
html_math_renderer = "mathml"
html_theme_options = {
    "navigation_with_keys": True,
    "show_nav_level": 1,
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
project_copyright = "the nnqft_ppl authors, Apache-2.0"

sphinx_gallery_conf = {
    "examples_dirs": "../gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 0,
    "plot_gallery": True,
    "capture_repr": (),  # what is printed, and no names of objects
    "notebook_extensions": {},
    "write_computation_times": False,  # a page that loads scripts from elsewhere
}
suppress_warnings = ["config.cache", "myst.xref_missing"]
