"""Puts a worker together from its services: its telephony, its part in the cluster, and what operators see of it."""

import signal
import time
from functools import partial

from app.api.component_checks import ComponentChecks
from app.api.readiness import Readiness
from app.carrier import carrier_of
from app.cluster.cluster import Cluster
from app.cluster.dashboards import followed_sessions
from app.cluster.session_requests import HAS_AUDIO, HAS_TIMELINE, answer_who_has_sessions
from app.cluster.worker import ClusterWorker
from app.console.other_servers import OtherServers
from app.console.overview import Overview
from app.console.summary import Summaries
from app.console.worker_history import WorkerHistory
from app.engines.expected_sessions import expect_session, forget_session
from app.services import Services
from app.telephony.call_control import CallControl
from app.telephony.call_log import CallLog
from app.telephony.capacity import Capacity
from app.telephony.carrier import Carrier
from app.telephony.continuity.call_drain import CallDrain
from app.telephony.continuity.take_over import TakeOver
from app.telephony.new_calls import NewCalls
from app.telephony.switchboard import Switchboard


class Assembly:
    """One worker, whole: its services, its switchboard, and its part in the cluster, which is idle without Redis.

    `carrier`: by default the one that is configured.

    Raises:
        SettingsError: the telephone network cannot be used as it is configured.
    """

    def __init__(self, services: Services, carrier: Carrier | None = None) -> None:
        self.services = services
        self.switchboard = _switchboard(services, carrier or carrier_of(services.settings))
        self.new_calls = _new_calls(services, self.switchboard)
        take_over = _take_over(services, self.new_calls, self.switchboard)
        self.cluster = Cluster(_cluster_worker(services), self.new_calls, self.switchboard, take_over)
        self.keeps = {HAS_TIMELINE: services.timelines.has, HAS_AUDIO: services.has_audio}
        answer_who_has_sessions(self.cluster, services.known_sessions, self.keeps)
        self.followed_sessions = followed_sessions(
            self.cluster, services.outputs, services.sessions.live, services.agents, services.lifecycle, services.clock
        )
        self.summaries = _summaries(services)
        self.history = WorkerHistory(self.summaries.troubles, time.time)
        self.overview = self._overview()

    def _overview(self) -> Overview:
        services = self.services
        # The worker drains as at any other order to end, and the launcher starts another in its place.
        drain = partial(signal.raise_signal, signal.SIGTERM)
        others = OtherServers(
            self.cluster,
            services.lifecycle.server,
            own=self.summaries.present,
            own_gone=lambda: overview.own_gone(),
            is_live=lambda session_id: services.known_sessions.live(session_id) is not None,
            wall=time.time,
            drain=drain,
        )
        overview = Overview(self.summaries.present, services.lifecycle.worker_bus, time.time, drain, others)
        return overview

    async def start(self) -> None:
        """Start every part, those first that others need."""
        await self.services.start()
        self.switchboard.start()
        self.cluster.start()
        self.history.start()
        await self.cluster.join()

    async def stop(self) -> None:
        """Stop every part, in the other order."""
        self.history.stop()
        await self.cluster.stop()
        await self.switchboard.close()
        await self.services.stop()


def _switchboard(services: Services, carrier: Carrier) -> Switchboard:
    switchboard = Switchboard(
        carrier=carrier,
        agents=services.agents,
        clock=services.clock,
        random=services.random,
        background=services.background,
        sessions=services.sessions,
        outputs=services.outputs,
        leave_session=services.leave,
        log=CallLog(),
    )
    services.session_events.over.add(switchboard.session_over)
    services.session_events.moved.add(switchboard.session_moved)
    calls = CallDrain(
        switchboard.log,
        services.sessions.live,
        can_hand_over=lambda: services.draining.hand_over is not None,
        hang_up=switchboard.hang_up,
    )
    services.lifecycle.on_drain(calls.drain)
    return switchboard


def _new_calls(services: Services, switchboard: Switchboard) -> NewCalls:
    return NewCalls(
        settings=services.settings,
        clock=services.clock,
        random=services.random,
        agents=services.agents,
        phrases=services.phrases,
        sessions=services.sessions,
        capacity=Capacity(services.capacity, services.lifecycle, services.sessions.live, switchboard.log),
        switchboard=switchboard,
        expect=partial(expect_session, services.engines),
        forget=partial(forget_session, services.engines),
    )


def _take_over(services: Services, new_calls: NewCalls, switchboard: Switchboard) -> TakeOver:
    return TakeOver(
        worker_bus=services.lifecycle.worker_bus,
        clock=services.clock,
        background=services.background,
        agents=services.agents,
        session_saved=services.session_events.saved,
        checkpoints=services.checkpoints,
        new_calls=new_calls,
        switchboard=switchboard,
    )


def _cluster_worker(services: Services) -> ClusterWorker:
    return ClusterWorker(
        random=services.random,
        clock=services.clock,
        store=services.store,
        claim_check=services.claim_check,
        checkpoints=services.checkpoints,
        sessions=services.sessions,
        lifecycle=services.lifecycle,
        draining=services.draining,
        leave=services.leave,
    )


def _summaries(services: Services) -> Summaries:
    return Summaries(
        lifecycle=services.lifecycle,
        engines=services.engines,
        sessions=services.sessions,
        watchdog=services.watchdog,
        limits=services.settings.limits,
        content=services.settings.logs.content,
    )


def readiness_of(services: Services, network: CallControl | None) -> Readiness:
    """The checks of every component of a worker; `network` is its telephone network, if it has one."""
    checks = ComponentChecks(
        lifecycle=services.lifecycle,
        watchdog=services.watchdog,
        max_loop_lag_s=services.settings.limits.max_loop_lag_s,
        engines=services.engines,
        store=services.store,
        sessions=services.sessions,
        agents=services.agents,
        browser_access=services.browser_access,
        acs_access=services.acs_access,
        network=network,
    )
    return Readiness(services.lifecycle, checks.by_component)
