import asyncio
from pathlib import Path

from weather import client, settings
from weather.store import Store


async def watch(name: str, url: str, store: Store) -> None:
    while True:
        await store.put(name, await client.reading(url))
        await asyncio.sleep(60)


async def main() -> None:
    store = Store()
    for name, url in settings.stations(Path("stations.json")).items():
        asyncio.create_task(watch(name, url, store))
    while True:
        await store.readings.get()
        print(f"{await store.mean():.1f}")


if __name__ == "__main__":
    asyncio.run(main())
