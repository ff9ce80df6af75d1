"""How long a chat service may take before its reply is asked for again, or given up."""

import msgspec

from actors.agent import Agent, Model

USUAL = Model()


class Patience(msgspec.Struct, frozen=True):
    """How long things may take, in seconds."""

    first_token: float = 4.0
    """Seconds from a request to the first words or tool call."""
    next_token: float = 2.5
    """Seconds between two pieces of a reply. If it breaks off or falls silent, the rest of it is asked for, once."""
    budget: float = 7.0
    """Seconds from the first request to the first words, retries included; the session gives up after 8 s."""
    retries: int = 2
    backoff: float = 0.25
    """Seconds before the first retry, doubled for each further one; the wait is a random part of it, at least half."""
    rest: float = 0.3
    """Seconds for what follows a complete reply: the usage, and the end of the stream."""
    check: float = 2.0
    """For an answer to whether the service is there."""

    def for_(self, agent: Agent) -> "Patience":
        """This patience with a model of `agent`: as much longer or shorter as the agent's times are than usual."""
        first, following_s = (
            agent.model.first_token_s / USUAL.first_token_s,
            agent.model.next_token_s / USUAL.next_token_s,
        )
        return msgspec.structs.replace(
            self,
            first_token=self.first_token * first,
            budget=self.budget * first,
            next_token=self.next_token * following_s,
            retries=agent.model.retries,
        )
