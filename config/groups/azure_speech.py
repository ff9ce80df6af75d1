"""Settings: Azure Speech, the speech recognizer and synthesizer."""

from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class AzureSpeech(msgspec.Struct, frozen=True, kw_only=True):
    """Azure Speech, the speech recognizer and synthesizer."""

    key: Annotated[
        Secret | None,
        Variable(
            "AZURE_SPEECH_KEY", "Key of the Azure Speech resource; unset: an Entra identity is used", kinds.api_key()
        ),
    ] = None
    region: Annotated[
        str,
        Variable(
            "AZURE_SPEECH_REGION", "Its region", kinds.matching("a region such as westeurope", r"[a-z][a-z0-9]{1,63}")
        ),
    ] = ""
    endpoint: Annotated[
        str,
        Variable(
            "AZURE_SPEECH_ENDPOINT",
            "Its own address, instead of the region",
            kinds.matching("https://HOST", r"(https?|wss?)://[^\s?#]+"),
        ),
    ] = ""
    resource_id: Annotated[
        str,
        Variable(
            "AZURE_SPEECH_RESOURCE_ID",
            "Its id in Azure Resource Manager, which an identity needs that has only the region",
            kinds.matching("of the form /subscriptions/...", r"/subscriptions/[!-~]{1,500}"),
        ),
    ] = ""
    segmentation_ms: Annotated[
        int,
        Variable(
            "AZURE_SPEECH_SEGMENTATION_MS",
            "Silence after which it takes an utterance for complete, in ms",
            kinds.whole(100, 5_000),
        ),
    ] = 500
    diarization: Annotated[
        bool,
        Variable(
            "AZURE_SPEECH_DIARIZATION",
            "Whether it tells speakers apart: transcripts begin with a name for each",
            kinds.switch(),
        ),
    ] = False
    text_streaming: Annotated[
        bool,
        Variable(
            "AZURE_SPEECH_TEXT_STREAMING",
            "Whether it is sent a reply as that is written, in one request, and not by sentences",
            kinds.switch(),
        ),
    ] = False
    undocumented: Annotated[
        bool,
        Variable(
            "AZURE_SPEECH_UNDOCUMENTED",
            "Whether what its SDK does not document is used: quicker, at less CPU; off if a version breaks",
            kinds.switch(),
        ),
    ] = True
