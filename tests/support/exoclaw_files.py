"""exoclaw's files as a board has them: its wheel says how, in its folder _mp_lib."""

import shutil
from importlib.metadata import files
from pathlib import Path

# Of micropython-lib, which no archive of Debian or PyPI has whole: what exoclaw needs of it.
OF_MICROPYTHON_LIB = {
    "__future__.py": "annotations = None\n",
    "datetime.py": "class datetime:\n    @classmethod\n    def now(cls):\n        return cls()\n",
}


def staged(folder: Path) -> Path:
    """Copies the installed exoclaw to where a board finds it.

    Args:
        folder: gets it; made if it is not there.

    Returns:
        The folder.
    """
    for file in files("exoclaw") or ():
        if file.suffix != ".py" or file.name == "_cpython.py":
            continue
        # Its own typing and dataclasses stand at the top, for MicroPython has none.
        target = folder / (file.name if "_mp_lib" in file.parts else str(file))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file.locate(), target)
    for name, text in OF_MICROPYTHON_LIB.items():
        (folder / name).write_text(text)
    return folder
