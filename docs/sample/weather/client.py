import time

import requests


async def reading(url: str) -> float:
    for attempt in range(3):
        response = requests.get(url, params={"unit": "celsius"}, timeout=5)
        if response.ok:
            return float(response.json()["temperature"])
        time.sleep(2**attempt)
    raise ConnectionError(url)
