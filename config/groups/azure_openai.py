"""Settings: The language model of an Azure OpenAI resource."""

from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class AzureOpenAI(msgspec.Struct, frozen=True, kw_only=True):
    """The language model of an Azure OpenAI resource."""

    endpoint: Annotated[
        str, Variable("AZURE_OPENAI_ENDPOINT", "Azure OpenAI resource; set, it is the language model", kinds.address())
    ] = ""
    key: Annotated[
        Secret | None, Variable("AZURE_OPENAI_KEY", "Its key; unset: an Entra identity is used", kinds.api_key())
    ] = None
    chat_deployment_id: Annotated[
        str,
        Variable(
            "AZURE_OPENAI_CHAT_DEPLOYMENT_ID",
            "Its deployment for agents that name none",
            kinds.matching("a deployment's name", r"[A-Za-z0-9._-]{1,64}"),
        ),
    ] = ""
    realtime_deployment_id: Annotated[
        str,
        Variable(
            "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID",
            "Its deployment for speech to speech",
            kinds.matching("a deployment's name", r"[A-Za-z0-9._-]{1,64}"),
        ),
    ] = ""
    api_version: Annotated[
        str,
        Variable(
            "AZURE_OPENAI_API_VERSION",
            "Version of its API",
            kinds.matching("a version such as 2024-10-21", r"\d{4}-\d\d-\d\d(-preview)?"),
        ),
    ] = "2024-10-21"
