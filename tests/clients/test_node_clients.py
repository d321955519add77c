"""JavaScript clients, as they come from npm, against a running hub. `make clients` installs them; else they are skipped."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import Served

HERE = Path(__file__).parent / "node"
NODE = shutil.which("node")


@pytest.mark.parametrize("name", sorted(each.stem for each in HERE.glob("*.js")))
def test_a_javascript_client_works_as_it_comes(served: Served, name: str) -> None:
    if not NODE:
        pytest.skip("no Node on this machine")
    if not (HERE / "node_modules").is_dir():
        pytest.skip("the clients are not installed: make clients")
    done = subprocess.run(
        [NODE, f"{name}.js", served.base, served.token], cwd=HERE, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
