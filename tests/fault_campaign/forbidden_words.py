"""What the guardrails of the campaign's agents forbid is neither heard nor remembered as heard."""

from actors.conversation import Role
from tests.fault_campaign.evidence import Evidence
from tests.fault_campaign.heard_words import WORD, heard_words
from tests.fault_campaign.speaking_faults import SpeakingFault


def forbidden_violations(evidence: Evidence) -> list[str]:
    """What of the forbidden was heard, and what of it stands in the history.

    Of a model that speaks by itself, and does not tell its words, nobody can know what it says.
    """
    scenario = evidence.scenario
    guards = scenario.guards
    if guards is None or guards.is_let_through or scenario.mishaps.speaking is SpeakingFault.NO_WORDS:
        return []
    heard, sent, _ = heard_words(evidence)
    remembered = [word for m in evidence.messages if m.role is Role.ASSISTANT for word in WORD.findall(m.text)]
    found = []
    for words, what in ((heard, "heard"), (remembered, "remembered as heard")):
        broken = sorted({word for word in words if guards.forbidden.fullmatch(word) and not _may_be_longer(word, sent)})
        if broken:
            found.append(f"forbidden, and {what}: {broken[:6]}")
    return found


def _may_be_longer(word: str, sent: set[str]) -> bool:
    """Whether it may be the beginning of another word, which was cut."""
    return any(other.startswith(word) and other != word for other in sent)
