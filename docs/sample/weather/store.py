import asyncio
import threading


class Store:
    """The latest reading of each station."""

    def __init__(self) -> None:
        self.latest: dict[str, float] = {}
        self.readings: asyncio.Queue[float] = asyncio.Queue(maxsize=100)
        self._lock = threading.Lock()

    async def put(self, name: str, value: float) -> None:
        with self._lock:
            self.latest[name] = value
            await self.readings.put(value)

    async def mean(self) -> float:
        with self._lock:
            return sum(self.latest.values()) / len(self.latest)
