"""Settings: what is told of each conversation when it is over, and to whom; and which sessions leave a file."""

from pathlib import Path
from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable

OFF, ON_ERROR, ALL = "off", "on_error", "all"


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of each conversation when it is over, and to whom; and which sessions leave a file that replays."""

    url: Annotated[
        str, Variable("CALL_RECORD_URL", "Webhook that is sent the record of each conversation", kinds.address())
    ] = ""
    secret: Annotated[
        Secret | None,
        Variable(
            "CALL_RECORD_SECRET",
            "What these records are signed with, for the webhook to check",
            kinds.hard_to_guess(16),
        ),
    ] = None
    sessions: Annotated[
        str,
        Variable(
            "RECORD_SESSIONS",
            "Which sessions leave a file that `replay` takes: none, those in which something failed, all, or a share",
            kinds.share(OFF, ON_ERROR, ALL),
        ),
    ] = OFF
    directory: Annotated[
        Path | None,
        Variable("RECORD_DIRECTORY", "Where these files are written; needed unless there are none", kinds.directory()),
    ] = None
    file_mb: Annotated[
        int, Variable("RECORD_FILE_MB", "How large one of them becomes, in MB; it is cut there", kinds.whole(1, 64))
    ] = 4
    total_mb: Annotated[
        int,
        Variable("RECORD_TOTAL_MB", "How large all become, in MB; the oldest go", kinds.whole(1, 1_000_000)),
    ] = 500
    audio: Annotated[
        bool,
        Variable(
            "RECORD_AUDIO",
            "Whether the audio of both sides lies beside these files; then agents say so before all else",
            kinds.switch(),
        ),
    ] = False
    transcribed_audio: Annotated[
        bool,
        Variable(
            "RECORD_TRANSCRIBED_AUDIO",
            "Whether that of sessions that only listen is kept, too: nobody of ours tells those who are heard, so "
            "somebody else has to have told them",
            kinds.switch(),
        ),
    ] = False
    audio_mb: Annotated[
        int,
        Variable(
            "RECORD_AUDIO_MB",
            "How large the audio of one session becomes, in MB, of which a minute takes 3.7; it is cut there",
            kinds.whole(1, 1024),
        ),
    ] = 64

    @property
    def records_sessions(self) -> bool:
        """Whether any session is recorded."""
        return self.sessions != OFF

    @property
    def keeps_errors_only(self) -> bool:
        """Whether only sessions in which something failed leave a file."""
        return self.sessions == ON_ERROR

    @property
    def recorded_share(self) -> float:
        """The share of sessions that are recorded, from 0 to 1; of those that are kept see `keeps_errors_only`."""
        if self.sessions in (OFF, ON_ERROR, ALL):
            return 0.0 if self.sessions == OFF else 1.0
        return float(self.sessions)
