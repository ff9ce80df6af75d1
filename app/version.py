"""The version of the product, whose distribution is called `earshot-voice`: `earshot` is somebody else's."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def product_version() -> str:
    """The version, also from a checkout that is not installed. It is read from files once: requests ask for it."""
    try:
        return version("earshot-voice")
    except PackageNotFoundError:
        return "0.1.0"
