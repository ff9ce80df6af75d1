"""How many more sessions each worker on all machines can take: a call that reaches a full worker is sent to one with
room.

    earshot:left     by worker's id, when it said so last (ms of Redis's clock) and how many it takes

Each worker writes its own figure, and reads those of the others, whenever it renews its lease; a lookup asks nobody.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from actors.errors import StoreError
from app.stores.claim_check import LEASE_S

if TYPE_CHECKING:
    from app.stores.redis_connection import RedisConnection

LEFT = "earshot:left"
KEPT_S = 86_400

SHARE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
local found = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
    local at, left = string.match(all[i + 1], '^(%d+) (%d+)$')
    -- One of the future is from before the clock was set back.
    if not at or math.abs(now - tonumber(at)) > tonumber(ARGV[3]) then
        redis.call('HDEL', KEYS[1], all[i])
    elseif all[i] ~= ARGV[1] then
        found[#found + 1] = all[i]
        found[#found + 1] = left
    end
end
return found
"""


class Headroom:
    """Tells others how many more sessions one worker takes, and knows how many they do. Belongs to the loop's thread.

    Args:
        connection: the way to Redis.
        worker: the id of this worker.
        left: how many more sessions this worker takes: none while its loop is late, or while it ends.
    """

    def __init__(self, connection: "RedisConnection", worker: str, left: Callable[[], int]) -> None:
        self._connection = connection
        self._worker = worker
        self._left = left
        self._others: dict[str, int] = {}

    async def share(self) -> None:
        """Write how many more sessions this worker takes, and read the figures of the others.

        Raises:
            StoreError: Redis cannot be used. Nothing is known of the others then.
        """
        arguments = (self._worker, max(0, self._left()), int(LEASE_S * 1000), KEPT_S)
        try:
            found = await self._connection.run(
                lambda client: cast(Any, client).eval(SHARE, 1, LEFT, *arguments), writes=True
            )
        except StoreError:
            self._others = {}
            raise
        told = [each.decode() for each in found]
        self._others = {worker: int(left) for worker, left in zip(told[::2], told[1::2], strict=True)}

    @property
    def with_room(self) -> list[str]:
        """The ids of the other workers that take more sessions, the one with the most room first."""
        return sorted((each for each, left in self._others.items() if left > 0), key=lambda each: -self._others[each])

    def sent_to(self, worker: str) -> None:
        """Count a call that was sent to another worker against its room, until that worker writes its next figure."""
        if worker in self._others:
            self._others[worker] -= 1
