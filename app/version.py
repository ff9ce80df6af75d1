"""The version of the product."""

from importlib.metadata import PackageNotFoundError, version


def product_version() -> str:
    """The version, also from a checkout that is not installed."""
    try:
        return version("earshot")
    except PackageNotFoundError:
        return "0.1.0"
