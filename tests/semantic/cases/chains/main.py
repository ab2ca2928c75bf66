"""What calls block on, and by which chain: the shortest, the worst, through cycles and across modules."""

import asyncio
import concurrent.futures
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

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


class Loud:
    def run(self):
        self.step()

    def step(self):
        time.sleep(1)


class Quiet(Loud):
    def step(self):
        pass


def looks_and_sleeps_further_down():
    os.stat("a")
    far()


def reads():
    Path("a").read_text()


def reads_further_down():
    reads()


def looks_further_down():
    looks()


def outcome(future: concurrent.futures.Future):
    return future.result()


async def slow():
    time.sleep(1)


async def of_several(flag, future):
    looks_and_sleeps_further_down()  #! sleep: main.looks_and_sleeps_further_down > main.far > main.middle > main.near > time.sleep
    light_first = looks if flag else reads_further_down
    light_first()  #! file: main.reads_further_down > main.reads > pathlib.Path.read_text
    heavy_first = reads if flag else looks_further_down
    heavy_first()  #! file: main.reads > pathlib.Path.read_text
    Loud().run()  #! sleep: Loud.run > Loud.step > time.sleep
    Quiet().run()  #! nothing
    either = Loud() if flag else Quiet()
    either.run()  #! sleep: Loud.run > Loud.step > time.sleep
    outcome(future)  #! wait: main.outcome > concurrent.futures.Future.result
    await outcome(future)  #! nothing
    await slow()  #! nothing
    if TYPE_CHECKING:
        near()  #! nothing


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
