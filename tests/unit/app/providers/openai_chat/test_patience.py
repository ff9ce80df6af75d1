"""How long a model may take whose agent says that it is quicker, or slower, than usual."""

from actors.agent import Agent, Model
from app.providers.openai_chat.patience import USUAL, Patience


def test_a_usual_model_has_the_usual_time() -> None:
    assert Patience(retries=USUAL.retries).for_(Agent(name="a", label="A")) == Patience(retries=USUAL.retries)


def test_a_slow_model_has_longer_by_as_much_as_its_agent_says() -> None:
    model = Model(first_token_s=2 * USUAL.first_token_s, next_token_s=3 * USUAL.next_token_s, retries=0)
    patience = Patience().for_(Agent(name="a", label="A", model=model))
    assert (patience.first_token, patience.budget, patience.next_token, patience.retries) == (8.0, 14.0, 7.5, 0)
    assert (patience.rest, patience.check) == (Patience().rest, Patience().check)
