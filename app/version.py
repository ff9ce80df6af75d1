"""The version of the product, whose distribution is called `earshot-voice`: `earshot` is somebody else's."""

from importlib.metadata import PackageNotFoundError, version


def product_version() -> str:
    """The version, also from a checkout that is not installed."""
    try:
        return version("earshot-voice")
    except PackageNotFoundError:
        return "0.1.0"
