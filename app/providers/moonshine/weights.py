"""Where the weights of Moonshine's English model are: inside the distribution moonshine-voice, which is never imported.

That package's own code wants a sound card, a downloader and a native library of its own; here its files are read, and
onnxruntime runs them.
"""

from importlib import metadata
from pathlib import Path

DISTRIBUTION = "moonshine-voice"
FOLDER = "moonshine_voice/assets/tiny-en"
ENCODER = "encoder_model.ort"
DECODER = "decoder_model_merged.ort"
TOKENIZER = "tokenizer.bin"


def weights() -> Path | None:
    """The folder of the three files; None where the distribution is not installed, or a version that lacks them."""
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None
    folder = Path(str(distribution.locate_file(FOLDER)))
    return folder if all((folder / name).is_file() for name in (ENCODER, DECODER, TOKENIZER)) else None


def has_weights() -> bool:
    """Whether the model can be loaded."""
    return weights() is not None
