"""What calls block on, and by which chain: the shortest, the worst, through cycles and across modules."""

import asyncio
import os
import time
from pathlib import Path

import helpers
from helpers import Store


def near():
    time.sleep(1)


def middle():
    near()


def far():
    middle()


def either_way():
    far()
    middle()
    near()


def other_order():
    near()
    far()


def looks():
    os.stat("a")


def looks_and_sleeps():
    looks()
    near()


def even(n):
    if n:
        odd(n - 1)


def odd(n):
    if n:
        even(n - 1)
    time.sleep(n)


def itself(n):
    if n:
        itself(n - 1)
    near()


def generates():
    yield 1
    time.sleep(1)


class Lazy:
    @property
    def value(self):
        return Path("a").read_text()

    def __enter__(self):
        time.sleep(1)

    def __exit__(self, *exc): ...


async def coroutine(store: Store):
    time.sleep(1)  #! sleep: time.sleep
    near()  #! sleep: main.near > time.sleep
    far()  #! sleep: main.far > main.middle > main.near > time.sleep
    either_way()  #! sleep: main.either_way > main.near > time.sleep
    other_order()  #! sleep: main.other_order > main.near > time.sleep
    looks_and_sleeps()  #! sleep: main.looks_and_sleeps > main.near > time.sleep
    even(2)  #! sleep: main.even > main.odd > time.sleep
    odd(2)  #! sleep: main.odd > time.sleep
    itself(2)  #! sleep: main.itself > main.near > time.sleep
    generates()  #! nothing
    list(generates())
    helpers.load("a")  #! file: helpers.load > pathlib.Path.read_text
    store.save()  #! file: Store.save > Store._write > pathlib.Path.write_text
    asyncio.to_thread(near)  #! nothing
    unknown()  #! nothing
    asyncio.sleep(1)  #! nothing
