"""Settings: The language model that plays callers and judges conversations in evaluations."""

from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class Evals(msgspec.Struct, frozen=True, kw_only=True):
    """The language model that plays callers and judges conversations in evaluations."""

    model: Annotated[
        str,
        Variable(
            "EVAL_MODEL",
            "Model of an OpenAI-compatible server that plays `persona` and answers `judge` in evaluations",
            kinds.identifier("a model's name"),
        ),
    ] = ""
    base_url: Annotated[str, Variable("EVAL_BASE_URL", "That server; unset: OpenAI itself", kinds.address())] = ""
    api_key: Annotated[Secret | None, Variable("EVAL_API_KEY", "Its key", kinds.api_key())] = None
