"""The restart budget: pure, on times that are passed in."""

from actors.runtime.restart_budget import Escalate, Restart, RestartBudget, RestartPolicy

POLICY = RestartPolicy(max_restarts=3, within_s=10, backoff_ms=100, max_backoff_ms=150)


def test_the_first_restart_is_immediate_and_the_others_back_off_up_to_a_bound() -> None:
    budget = RestartBudget(POLICY)
    assert [budget.decide(0), budget.decide(1), budget.decide(2)] == [Restart(0), Restart(0.1), Restart(0.15)]


def test_one_more_within_the_time_escalates_and_is_not_counted() -> None:
    budget = RestartBudget(POLICY)
    for at in (0, 1, 2):
        budget.decide(at)
    assert isinstance(budget.decide(9.99), Escalate)
    assert budget.restarts == 3
    assert budget.decide(10) == Restart(0.15)


def test_old_failures_are_forgotten() -> None:
    budget = RestartBudget(POLICY)
    assert [budget.decide(at) for at in (0, 10, 20, 30)] == [Restart(0)] * 4
    assert budget.restarts == 4


def test_no_budget_means_no_restart() -> None:
    assert isinstance(RestartBudget(RestartPolicy(max_restarts=0)).decide(0), Escalate)
