"""Compiles the scan of templates into the package, where there is a C compiler.

Without one Reknown searches with NumPy: the same answers, more slowly.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDER = "src/reknown/gallery/vectors"
# no fused operations: bounds are the same on all processors
_FLAGS = (
    "-O3",
    "-ffp-contract=off",
    "-std=gnu11",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
)


class KernelBuildHook(BuildHookInterface[Any]):
    """Makes a wheel for this platform, of any Python: the library is plain C."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles before files are collected."""
        folder = Path(self.root) / _FOLDER
        compiler = shlex.split(os.environ.get("CC", "cc"))
        if shutil.which(compiler[0]) is None:
            self.app.display_warning(f"no C compiler ({compiler[0]}): searches will be slower")
            return
        library = folder / "libkernel.so"
        # processes that run have the old one open
        with tempfile.TemporaryDirectory(dir=folder) as made:
            new = Path(made) / library.name
            command = [*compiler, *_FLAGS, "-o", str(new), str(folder / "kernel.c"), "-lm"]
            ended = subprocess.run(  # noqa: S603 - the compiler
                command, check=False, capture_output=True, text=True
            )
            if ended.returncode:
                self.app.display_warning(f"searches will be slower: {ended.stderr.strip()}")
                return
            new.replace(library)
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"
        if version != "editable":
            target = f"{_FOLDER}/{library.name}".removeprefix("src/")
            build_data["force_include"][str(library)] = target
