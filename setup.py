"""What is installed: the package, and inside it the data and page scripts that it reads, which lie beside it here.

Everything else stands in pyproject.toml, which cannot say that a folder lies elsewhere in the package.
"""

from setuptools import find_packages, setup

# Of the results only the scores that the JND command compares with; sounds and arrays stay in the repository.
DATA = ["corpora.toml", "claims/*.toml", "weights/*", "results/jnd_loss/**/*.json", "results/side_by_side/**/*.json"]

setup(
    packages=[*find_packages(include=["paper_code*"]), "paper_code.data", "paper_code.static"],
    package_dir={"paper_code": "paper_code", "paper_code.data": "data", "paper_code.static": "book/_static"},
    package_data={"paper_code.data": DATA, "paper_code.static": ["*.js", "*.css"]},
)
