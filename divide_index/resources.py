"""Where the folders that travel with the package lie. No other room asks."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return a data folder: inside the installed package, else beside the checkout.

    Parameters
    ----------
    name
        ``"survey_schemas"`` or ``"messages"``.

    Raises
    ------
    FileNotFoundError
        The installation is incomplete.
    """
    for place in (_PACKAGE / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(name)
