"""Settings: The language model of OpenAI or of a server that is compatible with it."""

from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class OpenAI(msgspec.Struct, frozen=True, kw_only=True):
    """The language model of OpenAI or of a server that is compatible with it."""

    model: Annotated[
        str,
        Variable(
            "OPENAI_MODEL",
            "Model of an OpenAI-compatible server; set, it is the language model if Azure OpenAI is not",
            kinds.identifier("a model's name"),
        ),
    ] = ""
    realtime_model: Annotated[
        str,
        Variable(
            "OPENAI_REALTIME_MODEL",
            "Model of that server, or of OpenAI, for speech to speech",
            kinds.identifier("a model's name"),
        ),
    ] = ""
    base_url: Annotated[str, Variable("OPENAI_BASE_URL", "That server; unset: OpenAI itself", kinds.address())] = ""
    api_key: Annotated[Secret | None, Variable("OPENAI_API_KEY", "Its key", kinds.api_key())] = None
