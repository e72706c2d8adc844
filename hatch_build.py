"""The build hook that compiles the hot modules where ``MCWS_COMPILE=1`` asks for it.

Without that variable, and in an editable installation, it does nothing: the wheel is pure and needs
no compiler. Which modules are compiled, and why by a hook of our own: ``docs/adr/0011``.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HOT: Final = {
    "mcws_protocol": (
        "_cursor",
        "_dialect",
        "_frames",
        "_half_duplex",
        "_keepalive",
        "_mcws",
        "_opening",
        "_reader",
        "_state",
        "_turns",
        "_wire",
    ),
    "mcws_protocol/aio": (
        "_answers",
        "_asked",
        "_connection",
        "_dispatcher",
        "_errand",
        "_farewell",
        "_flusher",
        "_handlers",
        "_hub",
        "_inbox",
        "_matching",
        "_modes",
        "_outbox",
        "_outflow",
        "_plain_answers",
        "_pressure",
        "_reception",
        "_sender",
        "_turn_outbox",
        "_waiting",
        "_waiting_line",
    ),
}
"""What a message passes on its way in and out, with the classes that those modules inherit from."""

# The compiler; and what the sources import, so that it knows the types.
NEEDS: Final = ("mypy[mypyc]==2.4.1", "setuptools>=80", "msgspec>=0.19", "typing-extensions>=4.13")

# Only the modules above are judged here: what they import was checked by `make types`.
MYPY: Final = ("--strict", "--explicit-package-bases", "--follow-imports=silent")

NO_COMPILER: Final = (
    "MCWS_COMPILE=1 needs a C compiler and the headers of Python; without that variable mcws is "
    "installed as pure Python, which behaves the same"
)


class CompilingHook(BuildHookInterface[Any]):
    """Puts compiled modules beside their sources in the wheel."""

    def dependencies(self) -> list[str]:
        """Return what the build needs besides hatchling."""
        return list(NEEDS) if self._is_asked() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, if that is asked for.

        Raises:
            RuntimeError: there is no C compiler, or it failed.
        """
        if version == "editable" or not self._is_asked():
            return
        self._folder = tempfile.TemporaryDirectory(prefix="mcws-")
        for built, name in compiled(Path(self.root), Path(self._folder.name)):
            build_data["force_include"][str(built)] = name
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled: the wheel has it."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()

    def _is_asked(self) -> bool:
        return self.target_name == "wheel" and os.environ.get("MCWS_COMPILE", "") not in {"", "0"}


def compiled(root: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Compile the hot modules of ``root``; yield each result and its place in the wheel.

    Raises:
        RuntimeError: there is no C compiler, or it failed.
    """
    # Where nothing is compiled these are not installed.
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.errors import BaseError, CCompilerError

    modules = [f"{package}/{name}.py" for package, names in HOT.items() for name in names]
    with contextlib.chdir(root):
        options = [*MYPY, f"--cache-dir={folder / 'cache'}"]
        extensions = mypycify(
            [*options, *modules],
            target_dir=str(folder / "c"),
            # The name of the one library that has the code; by default it changes with the list.
            group_name="mcws",
            debug_level="0",
        )
        command = Distribution({"name": "mcws", "ext_modules": extensions}).get_command_obj(
            "build_ext"
        )
        command.build_lib = str(folder / "lib")
        command.build_temp = str(folder / "objects")
        command.ensure_finalized()
        try:
            command.run()
        except (BaseError, CCompilerError) as error:
            raise RuntimeError(f"{NO_COMPILER}: {error}") from error
    for built in map(Path, command.get_outputs()):
        yield built, str(built.relative_to(folder / "lib"))
