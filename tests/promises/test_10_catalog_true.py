"""Promise 10: the catalogue is true. What can be called here is called on a running loop and seen to block; the rest has a reason.

Four witnesses, each of them Python's or the kernel's own word: an audit event of a system call, a C function of the `stat` family, read
and write system calls in the kernel's account of the thread, and a loop that stood still for a while.
"""

# ruff: noqa: SIM115  what is opened here is for the call that is watched; the fixture clears it away

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import datetime
import email
import importlib
import io
import marshal
import multiprocessing
import multiprocessing.connection
import os
import pickle
import pkgutil
import plistlib
import queue
import select
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import threading
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import tomli
from builders import swept

FOLDER = Path(__file__).parents[2] / "rules" / "catalog"
FILES = ["stdlib.toml", "ftplib+imaplib+mailbox+nntplib+poplib+smtplib+telnetlib.toml"]
ROWS = [row for name in FILES for row in tomli.loads((FOLDER / name).read_text(encoding="utf-8"))["blocks"]]
BLOCKS = {path: row for row in ROWS for path in ([row["call"]] if isinstance(row["call"], str) else row["call"])}
DAY = datetime.date(2020, 1, 1)
PAUSE = 0.06  # seconds that what waits is made to wait
Setup = Callable[[Path], Callable[[], Any]]  # a directory -> the call to watch

EVENTS = ("open", "os.", "subprocess.", "socket.", "sqlite3.", "builtins.input", "time.sleep", "shutil.disk_usage")
NO_EVENTS = ("os.putenv", "os.unsetenv")
STAT = {"stat", "lstat", "access", "readlink", "statvfs", "chmod", "chown", "lchown", "utime", "chdir", "getxattr", "listxattr", "setxattr",
        "removexattr", "pathconf", "fsync", "fdatasync", "sync", "copy_file_range", "posix_fallocate", "mkfifo", "mknod"}  # fmt: skip


class Witness:
    """Sees whether the thread that it watches blocks; audit hooks cannot be taken out again, so there is one."""

    def __init__(self) -> None:
        self.thread, self.seen, self.imports = 0, set(), False
        self.begun = threading.Event()
        sys.addaudithook(self._audit)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if self.thread and threading.get_ident() == self.thread:
            self.imports |= event == "import"
            code = event == "open" and str(args[0]).endswith((".py", ".pyc", ".so"))
            if event.startswith(EVENTS) and not event.startswith(NO_EVENTS) and not code:
                self.seen.add(event)

    def _profile(self, frame: Any, event: str, arg: Any) -> None:
        if event == "c_call" and arg.__name__ in STAT and "importlib" not in frame.f_code.co_filename:
            self.seen.add(arg.__name__)

    @staticmethod
    def _transfers() -> int:
        """How many read and write system calls this thread has made."""
        account = Path("/proc/thread-self/io")
        return sum(int(line.split()[1]) for line in account.read_text().splitlines() if line.startswith("sysc")) if account.exists() else 0

    def watch(self, call: Callable[[], Any]) -> set[str]:
        """Make a call in this thread. Returns what spoke of blocking: nothing, if it did not."""
        own = -self._transfers() + self._transfers()
        self.seen, self.imports = set(), False
        self.begun.set()
        transfers, start = self._transfers(), time.perf_counter()
        self.thread = threading.get_ident()
        sys.setprofile(self._profile)
        try:
            with contextlib.suppress(OSError, EOFError, queue.Empty, queue.Full, threading.BrokenBarrierError, concurrent.futures.TimeoutError,
                                     subprocess.TimeoutExpired, multiprocessing.TimeoutError):  # fmt: skip
                call.func(*call.args, **call.keywords) if isinstance(call, partial) else call()  # a partial would hide a C function
        finally:
            sys.setprofile(None)
            self.thread = 0
        if time.perf_counter() - start > PAUSE / 2:
            self.seen.add("stood still")
        if self._transfers() - transfers > own and not self.imports:
            self.seen.add("read or wrote")
        return self.seen


WITNESS = Witness()
for late in ("email.message", "email.parser", "encodings.ascii", "xml.dom.expatbuilder", "xml.sax.expatreader", "zoneinfo._common"):
    importlib.import_module(late)  # by the call that is watched, it would be taken for reading


def on_loop(setup: Setup, folder: Path) -> set[str]:
    WITNESS.begun.clear()
    call = setup(folder)

    async def main() -> set[str]:
        return WITNESS.watch(call)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return asyncio.run(main())


# -- ways to set a call up


def at(path: str, *names: str | Path, **keywords: Any) -> Setup:
    """The function called with paths in the directory: names give strings, paths give paths."""
    return lambda d: partial(find(path), *(str(d / name) if isinstance(name, str) else d / name for name in names), **keywords)


def run(path: str, *arguments: Any, **keywords: Any) -> Setup:
    """The function called with arguments as they are."""
    return lambda d: partial(find(path), *arguments, **keywords)


def used_up(setup: Setup) -> Setup:
    """The generator that a call gives, run to its end."""

    def wrapped(d: Path) -> Callable[[], Any]:
        call = setup(d)
        return lambda: list(call())

    return wrapped


def find(path: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pkgutil.resolve_name(path.replace("(maxsize)", "").partition("().")[0].removesuffix(".*"))


def of(make: Callable[[Path], Any], name: str, *arguments: Any) -> Setup:
    """A method of an object that is made beforehand."""
    return lambda d: partial(getattr(make(d), name), *arguments)


def dirty(name: str, *arguments: Any) -> Setup:
    """A method of a file that has unwritten text in its buffer."""

    def setup(d: Path) -> Callable[[], Any]:
        file = open(d / "made", "w")
        file.write("x")
        return partial(getattr(file, name), *arguments)

    return setup


def descriptor(path: str, *arguments: Any) -> Setup:
    """A function of `os` that is given the descriptor of an open file."""
    return lambda d: partial(find(path), os.open(d / "file", os.O_RDWR), *arguments)


def on_file(path: str, mode: str, *before: Any) -> Setup:
    """A function that is given an open file after other arguments."""
    return lambda d: partial(find(path), *before, open(d / ("made" if "w" in mode else FORMATS.get(path, "file")), mode))


HELPERS: list[threading.Thread] = []
SLEEPERS: list[subprocess.Popen[bytes]] = []


def pause() -> None:
    """Wait until the call has been made, and then a while."""
    WITNESS.begun.wait(5)
    time.sleep(PAUSE)


def helper(action: Callable[[], Any]) -> None:
    """Do something in another thread; that nobody is left to talk to does not matter there."""

    def act() -> None:
        with contextlib.suppress(OSError, EOFError, sqlite3.Error):
            action()

    HELPERS.append(threading.Thread(target=act, daemon=True))
    HELPERS[-1].start()


def later(action: Callable[[], Any]) -> None:
    helper(lambda: (pause(), action()))


def then(make: Callable[[], Any], action: Callable[[Any], Any], wait: Callable[[Any], Any]) -> Setup:
    """Wait for an object on which another thread acts after a while."""

    def setup(d: Path) -> Callable[[], Any]:
        thing = make()
        later(lambda: action(thing))
        return lambda: wait(thing)

    return setup


def connection(use: Callable[[sqlite3.Connection], Callable[[], Any]]) -> Setup:
    """A database of which another connection gives up its lock after a while; opened without a transaction of its own."""

    def setup(d: Path) -> Callable[[], Any]:
        other = sqlite3.connect(d / "base", check_same_thread=False, isolation_level=None)
        other.execute("create table t (x)")
        other.execute("insert into t values (zeroblob(100000))")
        call = use(sqlite3.connect(d / "base", isolation_level=None))
        other.execute("begin exclusive")
        later(other.close)
        return call

    return setup


def sleeper(command: str = f"import time; time.sleep({PAUSE * 4})") -> subprocess.Popen[bytes]:
    SLEEPERS.append(subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE))
    return SLEEPERS[-1]


class Slow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(PAUSE)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.flush()
        time.sleep(PAUSE)
        self.wfile.write(b"a\nb\n")

    do_POST = do_GET

    def log_message(self, *args: Any) -> None:
        pass


def web_server() -> HTTPServer:
    return HTTPServer(("127.0.0.1", 0), Slow)


def server() -> int:
    """The port of a slow web server that answers once."""
    web = web_server()
    web.timeout = 1
    helper(lambda: (web.handle_request(), web.server_close()))
    return web.server_port


def http(use: Callable[[Any], Callable[[], Any]], send: bool = True) -> Setup:
    def setup(d: Path) -> Callable[[], Any]:
        made = find("http.client.HTTPConnection")("127.0.0.1", server())
        if send:
            made.request("GET", "/")
        return use(made)

    return setup


def pair(send: bytes = b"x") -> socket.socket:
    """One end of a connection whose other end sends after a while."""
    here, there = socket.socketpair()
    there.settimeout(PAUSE * 2)
    later(lambda: (there.sendall(send), there.recv(1_000_000), there.close()))
    return here


def flooded(use: Callable[[Any, bytes], Any]) -> Setup:
    """More than the buffers of a pipe hold, read by another thread after a while."""

    def setup(d: Path) -> Callable[[], Any]:
        there, here = multiprocessing.Pipe(duplex=False)
        later(lambda: there.recv_bytes())
        return lambda: use(here, b"x" * 1_000_000)

    return setup


def piped(wait: Callable[[Any], Any]) -> Setup:
    """A connection whose other end sends after a while."""
    return then(multiprocessing.Pipe, lambda ends: ends[1].send("x"), lambda ends: wait(ends[0]))


def pool(use: Callable[[Any], Any]) -> Setup:
    def setup(d: Path) -> Callable[[], Any]:
        made = find("multiprocessing.pool.ThreadPool")(1)
        return lambda: use(made)

    return setup


def busy_executor() -> concurrent.futures.ThreadPoolExecutor:
    made = concurrent.futures.ThreadPoolExecutor(1)
    made.submit(pause)
    return made


def future() -> concurrent.futures.Future[int]:
    return concurrent.futures.Future()


def held(path: str) -> Any:
    """A lock that another thread has for a while."""
    made = find(path)()

    def hold() -> None:
        with made:
            taken.set()
            pause()

    taken = threading.Event()
    helper(hold)
    taken.wait()
    return made


def file(d: Path) -> Any:
    return open(d / "file", "rb")


def scheduler(d: Path) -> Any:
    made = find("sched.scheduler")()
    made.enter(PAUSE, 1, int)
    return made


def shelf(d: Path) -> Any:
    made = find("shelve.Shelf")(find("dbm.dumb.open")(str(d / "made")), writeback=True)
    made["a"] = [1]
    return made


def mailbox(d: Path) -> Any:
    """A mail folder with one message, which is number 1."""
    made = find("mailbox.MH")(str(d / "made"))
    made.add("x")
    return made


def changed_mailbox(d: Path) -> Any:
    made = find("mailbox.mbox")(str(d / "made"))
    made.remove(made.add("x"))
    return made


def tar(d: Path) -> Any:
    """An archive in memory with the file in it."""
    data = io.BytesIO()
    with find("tarfile.open")(fileobj=data, mode="w") as made:
        made.add(d / "file", "file")
    return find("tarfile.open")(fileobj=io.BytesIO(data.getvalue()))


def changed(d: Path) -> sqlite3.Connection:
    """A connection whose changes are not yet committed, and more than its cache holds."""
    made = sqlite3.connect(d / "base")
    made.execute("create table t (x)")
    made.execute("insert into t values (zeroblob(10000000))")
    return made


def blob(d: Path) -> Any:
    made = changed(d)
    made.commit()
    return made.blobopen("t", "x", 1)


def entered(lock: Any) -> Any:
    lock.acquire()
    return lock


def started(thread: Any) -> Any:
    thread.start()
    return thread


def filled(made: Any) -> Any:
    made.put(1)
    return made


def quietly(setup: Setup) -> Setup:
    """The call, whatever it raises after it has blocked."""

    def wrapped(d: Path) -> Callable[[], Any]:
        call = setup(d)

        def act() -> None:
            with contextlib.suppress(Exception):
                call()

        return act

    return wrapped


def profiled(module: str) -> Any:
    made = find(f"{module}.Profile")()
    made.runcall(int)
    return made


def folders(kind: str, d: Path) -> Any:
    """A mailbox with a folder in it."""
    made = find(f"mailbox.{kind}")(str(d / "made"))
    made.add_folder("a")
    return made


def locked(d: Path) -> Callable[[], Any]:
    """A file of which another process has a part for a while."""
    (d / "lock").write_text("x")
    code = f"import os, time; f = open({str(d / 'lock')!r}, 'r+'); os.lockf(f.fileno(), os.F_LOCK, 0); print(flush=True); time.sleep({PAUSE * 4})"
    child = sleeper(code)
    assert child.stdout is not None
    child.stdout.readline()
    return partial(os.lockf, open(d / "lock", "r+").fileno(), os.F_LOCK, 0)


GREETINGS = {"poplib": (b"+OK <1@x>",), "smtplib": (b"220 x",), "ftplib": (b"220 x",), "nntplib": (b"200 x", b"500 x"),
             "imaplib": (b"* OK x", b"* CAPABILITY IMAP4REV1 STARTTLS ENABLE UNSELECT\r\n%s OK x")}  # fmt: skip


def silent_server(greeting: bytes, *replies: bytes) -> int:
    """The port of a server that greets, answers a few lines, and lets the next one wait."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection, connection.makefile("rb") as lines:
            connection.sendall(greeting + b"\r\n")
            for reply in replies:
                tag = lines.readline().split()[0]
                connection.sendall((reply % tag if b"%s" in reply else reply) + b"\r\n")
            pause()

    helper(serve)
    return listener.getsockname()[1]


def talk(path: str, *arguments: Any) -> Setup:
    """A method of a client that is connected to a server that lets it wait."""

    def setup(d: Path) -> Callable[[], Any]:
        module, kind, name = path.split(".")
        port = silent_server(*GREETINGS[module])
        if module == "ftplib":
            made = find(f"{module}.{kind}")()
            made.connect("127.0.0.1", port)
        else:
            made = find(f"{module}.{kind}")("127.0.0.1", port)
        if module == "imaplib":
            made.state = find("imaplib.Commands").get(name.upper().replace("LOGIN_CRAM_MD5", "AUTHENTICATE"), ("SELECTED",))[0]
        result = partial(getattr(made, name), *arguments)
        return (lambda: list(result())) if name == "mlsd" else result

    return setup


def telnet() -> Any:
    made = find("telnetlib.Telnet")()
    made.sock = pair()
    return made


def asked(owner: str, calls: str, **arguments: tuple[Any, ...]) -> dict[str, tuple[Any, ...]]:
    """What methods are asked with: nothing, or these arguments."""
    return {f"{owner}.{name}": arguments.get(name, ()) for name in (*calls.split(), *arguments)}


ASKED = {  # the methods that wait for an answer, and what they are given
    **asked("smtplib.SMTP", "ehlo helo noop quit starttls getreply help rset ehlo_or_helo_if_needed", login=("a", "b"), verify=("a",), vrfy=("a",),
            expn=("a",), docmd=("x",), mail=("a",), rcpt=("a",), data=(b"x",), sendmail=("a", ["b"], "x"), auth=("PLAIN", lambda challenge=None: "x"),
            send_message=(email.message_from_string("From: a\nTo: b\n\nx"),), __exit__=(None, None, None)),
    **asked("ftplib.FTP", "login nlst dir mlsd pwd abort quit getresp voidresp getmultiline getline makepasv makeport", sendcmd=("x",), voidcmd=("x",),
            retrbinary=("x", int), retrlines=("x", int), storbinary=("x", io.BytesIO()), storlines=("x", io.BytesIO()), transfercmd=("x",),
            ntransfercmd=("x",), cwd=("x",), mkd=("x",), rmd=("x",), size=("x",), rename=("x", "y"), delete=("x",), acct=("x",),
            sendport=("127.0.0.1", 9), sendeprt=("127.0.0.1", 9), __exit__=(None, None, None)),
    **asked("ftplib.FTP_TLS", "auth prot_p prot_c"),
    **asked("poplib.POP3", "stat list noop quit rset capa utf8 uidl", user=("a",), pass_=("a",), retr=(1,), dele=(1,), top=(1, 1), rpop=("a",),
            apop=("a", "b")),
    **asked("imaplib.IMAP4", "select list expunge noop starttls close logout capability check lsub namespace recent unselect", login=("a", "b"),
            authenticate=("x", bytes), search=(None, "ALL"), fetch=("1", "(UID)"), store=("1", "FLAGS", "x"), copy=("1", "x"),
            append=("x", None, None, b"x"), uid=("FETCH", "1", "(UID)"), status=("x", "(UIDNEXT)"), create=("x",), delete=("x",),
            deleteacl=("x", "y"), enable=("x",), getacl=("x",), getannotation=("x", "y", "z"), getquota=("x",), getquotaroot=("x",),
            login_cram_md5=("a", "b"), myrights=("x",), proxyauth=("x",), rename=("x", "y"), setacl=("x", "y", "z"), setannotation=("x", "y"),
            setquota=("x", "y"), sort=("DATE", "UTF-8", "ALL"), subscribe=("x",), thread=("REFERENCES", "UTF-8", "ALL"), unsubscribe=("x",),
            xatom=("XTEST",), __exit__=(None, None, None)),
    **asked("nntplib.NNTP", "article head body list quit help stat next last date", group=("x",), over=((1, 2),), post=(b"x",), newgroups=(DAY,),
            newnews=("x", DAY), descriptions=("x",), description=("x",), xhdr=("x", "y"), xover=(1, 2), ihave=("x", b"y"), login=("a", "b")),
}  # fmt: skip

SLOW_QUERY = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000) select 1 union all select max(i) from n"
FORMATS = {"json.load": "json", "marshal.load": "marshal", "pickle.load": "pickle", "plistlib.load": "plist", "tomllib.load": "toml",
           "xml.etree.ElementTree.parse": "xml", "xml.dom.minidom.parse": "xml", "xml.sax.parse": "xml", "zoneinfo.ZoneInfo.from_file": "zone"}  # fmt: skip
NOBODY = ("127.0.0.1", 9)  # a port on which nothing listens
HASH = {"password": b"x", "salt": b"x" * 16}

TABLE: dict[str, Setup] = {
    "time.sleep": run("time.sleep", PAUSE),
    "sched.scheduler.run": of(scheduler, "run"),
    # files
    "builtins.open": at("builtins.open", "file"),
    "io.open_code": at("io.open_code", "file"),
    "io.FileIO": at("io.FileIO", "file"),
    "codecs.open": at("codecs.open", "file"),
    "tokenize.open": at("tokenize.open", "file"),
    "os.fdopen": lambda d: partial(os.fdopen, os.open(d / "file", os.O_RDONLY)),
    **{f"typing.IO.{name}": of(file, name) for name in ("read", "readline", "readlines")},
    "typing.IO.write": dirty("write", "x" * 100_000),
    "typing.IO.writelines": dirty("writelines", ["x" * 100_000]),
    "typing.IO.truncate": dirty("truncate"),
    "typing.IO.flush": dirty("flush"),
    "io.FileIO.readall": of(lambda d: open(d / "file", "rb", 0), "readall"),
    "io.FileIO.readinto": of(lambda d: open(d / "file", "rb", 0), "readinto", bytearray(9)),
    **{f"io.BufferedReader.{name}": of(file, name) for name in ("peek", "read1")},
    **{f"io.BufferedReader.{name}": of(file, name, bytearray(9)) for name in ("readinto", "readinto1")},
    **{f"os.{name}": at(f"os.{name}", "tree") for name in ("listdir", "scandir", "listxattr")},
    **{f"os.{name}": used_up(at(f"os.{name}", "tree")) for name in ("walk", "fwalk")},
    **{f"os.{name}": at(f"os.{name}", "new") for name in ("mkdir", "makedirs", "mkfifo", "mknod")},
    **{f"os.{name}": at(f"os.{name}", "empty/dir") for name in ("rmdir", "removedirs")},
    **{f"os.{name}": at(f"os.{name}", "file") for name in ("remove", "unlink", "stat", "lstat", "statvfs", "utime")},
    **{f"os.{name}": at(f"os.{name}", "file", "new") for name in ("rename", "renames", "replace", "link", "symlink")},
    "os.truncate": at("os.truncate", "file", length=1),
    **{f"os.{name}": descriptor(f"os.{name}", *arguments) for name, *arguments in (
        ("ftruncate", 1), ("fsync",), ("fdatasync",), ("pread", 9, 0), ("preadv", [bytearray(9)], 0), ("pwrite", b"x", 0), ("pwritev", [b"x"], 0),
        ("posix_fallocate", 0, 9))},
    "os.open": at("os.open", "file", flags=os.O_RDONLY),
    "os.copy_file_range": lambda d: descriptor("os.copy_file_range", os.open(d / "made", os.O_WRONLY | os.O_CREAT), 9)(d),
    "os.path.realpath": at("os.path.realpath", "link"),
    **{f"shutil.{name}": at(f"shutil.{name}", "file", "new") for name in ("copy", "copy2", "copyfile", "move")},
    **{f"shutil.{name}": at(f"shutil.{name}", "file", "json") for name in ("copymode", "copystat")},
    "shutil.copyfileobj": lambda d: partial(find("shutil.copyfileobj"), open(d / "file", "rb"), io.BytesIO()),
    "shutil.copytree": at("shutil.copytree", "tree", "new"),
    "shutil.rmtree": at("shutil.rmtree", "tree"),
    "shutil.make_archive": lambda d: partial(find("shutil.make_archive"), str(d / "new"), "zip", str(d / "tree")),
    "shutil.unpack_archive": at("shutil.unpack_archive", "a.zip", "new"),
    "shutil.which": run("shutil.which", "sh"),
    "shutil.disk_usage": at("shutil.disk_usage", "file"),
    "shutil.chown": lambda d: partial(find("shutil.chown"), d / "file", os.getuid()),
    **{f"pathlib.Path.{name}": of(lambda d: d / "file", name) for name in (
        "open", "read_text", "read_bytes", "unlink", "touch", "resolve", "exists", "is_file", "is_dir", "is_symlink", "is_mount",
        "is_socket", "is_fifo", "is_block_device", "is_char_device", "stat", "lstat", "owner", "group")},
    **{f"pathlib.Path.{name}": used_up(of(lambda d: d / "tree", name, *arguments)) for name, *arguments in (
        ("iterdir",), ("walk",), ("glob", "*"), ("rglob", "*"))},
    **{f"pathlib.Path.{name}": at(f"pathlib.Path.{name}", Path("file"), Path("new")) for name in ("rename", "replace", "link_to")},
    **{f"pathlib.Path.{name}": at(f"pathlib.Path.{name}", Path("new"), Path("file")) for name in ("symlink_to", "hardlink_to")},
    "pathlib.Path.samefile": at("pathlib.Path.samefile", Path("file"), Path("json")),
    "pathlib.Path.readlink": of(lambda d: d / "link", "readlink"),
    "pathlib.Path.write_text": of(lambda d: d / "new", "write_text", "x"),
    "pathlib.Path.write_bytes": of(lambda d: d / "new", "write_bytes", b"x"),
    "pathlib.Path.mkdir": of(lambda d: d / "new", "mkdir"),
    "pathlib.Path.rmdir": of(lambda d: d / "empty" / "dir", "rmdir"),
    "pathlib.Path.chmod": of(lambda d: d / "file", "chmod", 0o600),
    **{f"tempfile.{name}": of(lambda d: find("tempfile"), name) for name in (
        "TemporaryFile", "NamedTemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp", "mktemp")},
    "tempfile.TemporaryDirectory.cleanup": lambda d: find("tempfile.TemporaryDirectory")().cleanup,
    "tempfile.TemporaryDirectory.__exit__": of(lambda d: find("tempfile.TemporaryDirectory")(), "__exit__", None, None, None),
    "tempfile.SpooledTemporaryFile.rollover": lambda d: find("tempfile.SpooledTemporaryFile")().rollover,
    "glob.glob": at("glob.glob", "*"),
    "glob.iglob": used_up(at("glob.iglob", "*")),
    "filecmp.cmp": at("filecmp.cmp", "file", "json"),
    "filecmp.cmpfiles": lambda d: partial(find("filecmp.cmpfiles"), d, d / "tree", ["file"]),
    "fileinput.input": used_up(at("fileinput.input", "file")),
    "fileinput.FileInput": used_up(at("fileinput.FileInput", "file")),
    "linecache.updatecache": at("linecache.updatecache", "file"),
    "linecache.checkcache": lambda d: (find("linecache.getlines")(str(d / "file")), find("linecache.checkcache"))[1],
    "compileall.compile_dir": at("compileall.compile_dir", "tree", quiet=2),
    "compileall.compile_file": at("compileall.compile_file", "tree/m.py", quiet=2),
    "py_compile.compile": at("py_compile.compile", "tree/m.py"),
    "runpy.run_path": at("runpy.run_path", "tree/m.py"),
    **{f"importlib.metadata.{name}": run(f"importlib.metadata.{name}", "pytest") for name in ("version", "metadata", "files", "requires")},
    "importlib.metadata.distribution": run("importlib.metadata.distribution", "pytest"),
    "importlib.metadata.distributions": used_up(run("importlib.metadata.distributions")),
    "importlib.metadata.Distribution.from_name": run("importlib.metadata.Distribution.from_name", "pytest"),
    "importlib.metadata.entry_points": run("importlib.metadata.entry_points"),
    "importlib.metadata.packages_distributions": run("importlib.metadata.packages_distributions"),
    "importlib.metadata.Distribution.read_text": lambda d: partial(find("importlib.metadata.distribution")("pytest").read_text, "METADATA"),
    "importlib.resources.read_text": run("importlib.resources.read_text", "pytest", "py.typed"),
    "importlib.resources.read_binary": run("importlib.resources.read_binary", "pytest", "py.typed"),
    "importlib.resources.open_text": run("importlib.resources.open_text", "pytest", "py.typed"),
    "importlib.resources.open_binary": run("importlib.resources.open_binary", "pytest", "py.typed"),
    "importlib.resources.contents": used_up(run("importlib.resources.contents", "pytest")),
    "importlib.resources.is_resource": run("importlib.resources.is_resource", "pytest", "py.typed"),
    **{f"importlib.resources.abc.Traversable.{name}": of(lambda d: find("importlib.resources.files")("pytest") / "py.typed", name)
       for name in ("read_text", "read_bytes", "open", "is_file", "is_dir")},
    "importlib.resources.abc.Traversable.iterdir": used_up(of(lambda d: find("importlib.resources.files")("pytest"), "iterdir")),
    "pkgutil.get_data": run("pkgutil.get_data", "pytest", "py.typed"),
    "pkgutil.iter_modules": lambda d: lambda: list(pkgutil.iter_modules([str(d / "tree")])),
    "pkgutil.walk_packages": lambda d: lambda: list(pkgutil.walk_packages([str(d / "tree")])),
    "netrc.netrc": at("netrc.netrc", "empty.txt"),
    "ssl.create_default_context": lambda d: partial(ssl.create_default_context, cafile=d / "file"),
    "ssl.SSLContext.load_verify_locations": lambda d: partial(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations, d / "file"),
    "ssl.SSLContext.load_cert_chain": lambda d: partial(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain, d / "file"),
    "ssl.SSLContext.load_dh_params": lambda d: partial(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_dh_params, d / "file"),
    **{f"ssl.SSLContext.{name}": of(lambda d: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), name)
       for name in ("load_default_certs", "set_default_verify_paths")},
    "http.client.HTTPSConnection": run("http.client.HTTPSConnection", "localhost"),
    "os.access": at("os.access", "file", mode=os.R_OK),
    "os.readlink": at("os.readlink", "link"),
    "os.chmod": at("os.chmod", "file", mode=0o600),
    **{f"os.{name}": at(f"os.{name}", "file", uid=os.getuid(), gid=os.getgid()) for name in ("chown", "lchown")},
    "os.chdir": run("os.chdir", os.getcwd()),
    "os.getxattr": at("os.getxattr", "file", attribute="user.x"),
    "os.setxattr": at("os.setxattr", "file", attribute="user.x", value=b""),
    "os.removexattr": at("os.removexattr", "file", attribute="user.x"),
    "os.DirEntry.stat": lambda d: next(os.scandir(d / "tree")).stat,
    **{f"os.path.{name}": at(f"os.path.{name}", "file") for name in (
        "exists", "lexists", "isfile", "isdir", "islink", "ismount", "getsize", "getmtime", "getatime", "getctime")},
    "os.path.samefile": at("os.path.samefile", "file", "json"),
    "pwd.getpwuid": run("pwd.getpwuid", os.getuid()),
    "pwd.getpwnam": run("pwd.getpwnam", "root"),
    "pwd.getpwall": run("pwd.getpwall"),
    "grp.getgrgid": run("grp.getgrgid", os.getgid()),
    "grp.getgrnam": run("grp.getgrnam", "root"),
    "grp.getgrall": run("grp.getgrall"),
    **{path: on_file(path, "rb") for path in ("json.load", "pickle.load", "marshal.load", "tomllib.load", "plistlib.load",
        "email.message_from_binary_file", "xml.etree.ElementTree.parse", "xml.dom.minidom.parse", "xml.sax.parse")},
    "xml.sax.parse": lambda d: partial(find("xml.sax.parse"), open(d / "xml", "rb"), find("xml.sax.ContentHandler")()),
    "email.message_from_file": on_file("email.message_from_file", "r"),
    "hashlib.file_digest": lambda d: partial(find("hashlib.file_digest"), open(d / "file", "rb"), "sha256"),
    "xml.etree.ElementTree.iterparse": used_up(at("xml.etree.ElementTree.iterparse", "xml")),
    "xml.etree.ElementTree.ElementTree.parse": lambda d: partial(find("xml.etree.ElementTree.ElementTree")().parse, d / "xml"),
    "xml.etree.ElementTree.ElementTree.write": lambda d: partial(find("xml.etree.ElementTree.parse")(d / "xml").write, d / "made"),
    "configparser.RawConfigParser.read": lambda d: partial(find("configparser.ConfigParser")().read, d / "empty.txt"),
    "configparser.RawConfigParser.read_file": lambda d: partial(find("configparser.ConfigParser")().read_file, open(d / "ini")),
    "configparser.RawConfigParser.write": lambda d: partial(find("configparser.ConfigParser")({"a": "x" * 100_000}).write, open(d / "made", "w")),
    "zipfile.ZipFile": at("zipfile.ZipFile", "a.zip"),
    "zipfile.is_zipfile": at("zipfile.is_zipfile", "a.zip"),
    "tarfile.is_tarfile": at("tarfile.is_tarfile", "a.zip"),
    **{path: at(path, "file") for path in ("gzip.open", "bz2.open", "lzma.open", "bz2.BZ2File", "lzma.LZMAFile", "gzip.GzipFile")},
    "wave.open": at("wave.open", "made", mode="wb"),
    "json.dump": on_file("json.dump", "w", ["x" * 100_000]),
    "pickle.dump": on_file("pickle.dump", "wb", "x" * 100_000),
    "marshal.dump": on_file("marshal.dump", "wb", "x" * 100_000),
    "plistlib.dump": on_file("plistlib.dump", "wb", "x" * 100_000),
    "tarfile.open": at("tarfile.open", "made", mode="w"),
    "tarfile.TarFile.open": at("tarfile.TarFile.open", "made", mode="w"),
    "tarfile.TarFile": at("tarfile.TarFile", "made", mode="w"),
    "zipfile.ZipFile.extract": lambda d: partial(zipfile.ZipFile(d / "a.zip").extract, "x", d / "new"),
    "zipfile.ZipFile.extractall": lambda d: partial(zipfile.ZipFile(d / "a.zip").extractall, d / "new"),
    "zipfile.ZipFile.write": lambda d: partial(zipfile.ZipFile(io.BytesIO(), "w").write, d / "file"),
    "tarfile.TarFile.add": lambda d: partial(find("tarfile.open")(fileobj=io.BytesIO(), mode="w").add, d / "file"),
    "tarfile.TarFile.gettarinfo": lambda d: partial(find("tarfile.open")(fileobj=io.BytesIO(), mode="w").gettarinfo, d / "file"),
    "tarfile.TarFile.extractall": lambda d: partial(tar(d).extractall, d / "new"),
    "tarfile.TarFile.extract": lambda d: partial(tar(d).extract, "file", d / "new"),
    "shelve.open": at("shelve.open", "made"),
    **{f"shelve.Shelf.{name}": of(shelf, name) for name in ("sync", "close")},
    "dbm.open": at("dbm.open", "made", flag="c"),
    **{f"mailbox.{name}": at(f"mailbox.{name}", "made") for name in ("Maildir", "mbox", "MH", "Babyl", "MMDF")},
    **{f"mailbox.Mailbox.{name}": of(mailbox, name, argument)
       for name, argument in (("add", "x"), ("remove", 1), ("get_message", 1), ("get_bytes", 1))},
    "mailbox.Mailbox.flush": of(changed_mailbox, "flush"),
    "mimetypes.MimeTypes.read": lambda d: partial(find("mimetypes.MimeTypes")().read, str(d / "file")),
    "mimetypes.read_mime_types": at("mimetypes.read_mime_types", "empty.txt"),
    "zoneinfo.available_timezones": run("zoneinfo.available_timezones"),
    "zoneinfo.ZoneInfo.no_cache": run("zoneinfo.ZoneInfo.no_cache", "Europe/Berlin"),
    "zoneinfo.ZoneInfo.from_file": on_file("zoneinfo.ZoneInfo.from_file", "rb"),
    "zipapp.create_archive": lambda d: partial(find("zipapp.create_archive"), d / "tree", d / "made", main="m:x"),
    "zipapp.get_interpreter": at("zipapp.get_interpreter", "a.zip"),
    "dbm.whichdb": at("dbm.whichdb", "file"),
    **{f"filecmp.dircmp.{name}": quietly(of(lambda d: find("filecmp.dircmp")(d, d / "tree"), name))
       for name in ("report", "report_partial_closure", "report_full_closure")},
    "tracemalloc.Snapshot.dump": lambda d: partial(find("tracemalloc.Snapshot")((), 1).dump, str(d / "made")),
    "tracemalloc.Snapshot.load": at("tracemalloc.Snapshot.load", "pickle"),
    **{f"{name}.Profile.dump_stats": lambda d, n=name: partial(profiled(n).dump_stats, d / "made") for name in ("profile", "cProfile")},
    "pstats.Stats.dump_stats": lambda d: partial(find("pstats.Stats")(profiled("cProfile")).dump_stats, d / "made"),
    **{f"readline.{name}": at(f"readline.{name}", "file") for name in ("write_history_file", "read_history_file", "read_init_file")},
    "readline.append_history_file": lambda d: partial(find("readline.append_history_file"), 0, str(d / "file")),
    "os.pathconf": at("os.pathconf", "file", name="PC_NAME_MAX"),
    "os.getgrouplist": run("os.getgrouplist", "root", 0),
    "socket.getservbyname": run("socket.getservbyname", "http"),
    "socket.getservbyport": run("socket.getservbyport", 80),
    "socket.getprotobyname": run("socket.getprotobyname", "tcp"),
    "wave.Wave_read": quietly(at("wave.Wave_read", "file")),
    "wave.Wave_write": at("wave.Wave_write", "made"),
    "aifc.open": quietly(at("aifc.open", "file")),
    "sunau.open": quietly(at("sunau.open", "file")),
    "imghdr.what": at("imghdr.what", "file"),
    **{path: at(path, "a.zip") for path in ("zipfile.PyZipFile", "zipfile.Path")},
    "zipfile.PyZipFile.writepy": lambda d: partial(find("zipfile.PyZipFile")(io.BytesIO(), "w").writepy, str(d / "tree" / "m.py")),
    "xml.dom.pulldom.parse": at("xml.dom.pulldom.parse", "xml"),
    "xml.sax.xmlreader.XMLReader.parse": lambda d: partial(find("xml.sax.make_parser")().parse, str(d / "xml")),
    "xml.etree.ElementTree.canonicalize": lambda d: partial(find("xml.etree.ElementTree.canonicalize"), from_file=str(d / "xml")),
    "email.parser.Parser.parse": lambda d: partial(find("email.parser.Parser")().parse, open(d / "file")),
    "email.parser.BytesParser.parse": lambda d: partial(find("email.parser.BytesParser")().parse, open(d / "file", "rb")),
    **{f"http.cookiejar.FileCookieJar.{name}": of(lambda d: find("http.cookiejar.LWPCookieJar")(d / "made"), name) for name in ("save", "load", "revert")},
    "dbm.dumb.open": at("dbm.dumb.open", "made"),
    "dbm.sqlite3.open": at("dbm.sqlite3.open", "made", flag="c"),
    "shelve.DbfilenameShelf": at("shelve.DbfilenameShelf", "made"),
    **{f"mailbox.Mailbox.{name}": of(mailbox, name, 1) for name in ("discard", "get", "get_string", "get_file", "pop")},
    **{f"mailbox.Mailbox.{name}": of(mailbox, name) for name in ("values", "items", "clear", "popitem", "lock")},
    **{f"mailbox.Mailbox.{name}": used_up(of(mailbox, name)) for name in ("itervalues", "iteritems")},
    "mailbox.Mailbox.update": of(mailbox, "update", {1: "x"}),
    "mailbox.Mailbox.close": of(changed_mailbox, "close"),
    **{f"mailbox.{kind}.{name}": of(lambda d, k=kind: folders(k, d), name, *arguments) for kind in ("Maildir", "MH") for name, *arguments in (
        ("list_folders",), ("get_folder", "a"), ("add_folder", "b"), ("remove_folder", "a"))},
    "mailbox.Maildir.clean": of(lambda d: folders("Maildir", d), "clean"),
    "mailbox.MH.get_sequences": of(mailbox, "get_sequences"),
    "mailbox.MH.set_sequences": of(mailbox, "set_sequences", {"a": [1]}),
    "mailbox.MH.pack": of(mailbox, "pack"),
    # processes
    **{f"subprocess.{name}": run(f"subprocess.{name}", ["true"]) for name in ("run", "call", "check_call", "check_output", "Popen")},
    **{f"subprocess.{name}": run(f"subprocess.{name}", "true") for name in ("getoutput", "getstatusoutput")},
    "subprocess.Popen.wait": lambda d: sleeper().wait,
    "subprocess.Popen.communicate": lambda d: sleeper().communicate,
    "subprocess.Popen.__exit__": lambda d: partial(sleeper().__exit__, None, None, None),
    "os.system": run("os.system", "true"),
    "os.popen": run("os.popen", "true"),
    **{f"os.{name}": run(f"os.{name}", os.P_WAIT, "/bin/sleep", "sleep", str(PAUSE)) for name in ("spawnl", "spawnlp")},
    **{f"os.{name}": run(f"os.{name}", os.P_WAIT, "/bin/sleep", "sleep", str(PAUSE), {}) for name in ("spawnle", "spawnlpe")},
    **{f"os.{name}": run(f"os.{name}", os.P_WAIT, "/bin/sleep", ["sleep", str(PAUSE)]) for name in ("spawnv", "spawnvp")},
    **{f"os.{name}": run(f"os.{name}", os.P_WAIT, "/bin/sleep", ["sleep", str(PAUSE)], {}) for name in ("spawnve", "spawnvpe")},
    **{f"os.{name}": run(f"os.{name}", "/bin/true", ["true"], {}) for name in ("posix_spawn", "posix_spawnp")},
    "os.wait4": lambda d: partial(os.wait4, sleeper().pid, 0),
    "os.waitid": lambda d: partial(os.waitid, os.P_PID, sleeper().pid, os.WEXITED),
    "os.waitpid": lambda d: partial(os.waitpid, sleeper().pid, 0),
    "multiprocessing.Process.start": of(lambda d: multiprocessing.Process(target=int), "start"),
    "multiprocessing.managers.BaseManager.start": of(lambda d: find("multiprocessing.managers.BaseManager")(), "start"),
    "ctypes.util.find_library": run("ctypes.util.find_library", "c"),
    "platform.architecture": run("platform.architecture"),
    # network
    "urllib.request.urlopen": lambda d: partial(find("urllib.request.urlopen"), f"http://127.0.0.1:{server()}/"),
    "urllib.request.urlretrieve": lambda d: partial(find("urllib.request.urlretrieve"), f"http://127.0.0.1:{server()}/", d / "new"),
    "urllib.request.OpenerDirector.open": lambda d: partial(find("urllib.request.build_opener")().open, f"http://127.0.0.1:{server()}/"),
    "urllib.request.URLopener.open": lambda d: partial(find("urllib.request.URLopener")().open, f"http://127.0.0.1:{server()}/"),
    "urllib.request.URLopener.retrieve": lambda d: partial(find("urllib.request.URLopener")().retrieve, f"http://127.0.0.1:{server()}/", d / "new"),
    "urllib.robotparser.RobotFileParser.read": lambda d: find("urllib.robotparser.RobotFileParser")(f"http://127.0.0.1:{server()}/").read,
    "http.client.HTTPConnection.request": http(lambda c: partial(c.request, "GET", "/"), send=False),
    "http.client.HTTPConnection.connect": http(lambda c: c.connect, send=False),
    "http.client.HTTPConnection.send": http(lambda c: partial(c.send, b"x"), send=False),
    "http.client.HTTPConnection.endheaders": http(lambda c: (c.putrequest("GET", "/"), c.endheaders)[1], send=False),
    "http.client.HTTPConnection.getresponse": http(lambda c: c.getresponse),
    **{f"http.client.HTTPResponse.{name}": http(lambda c, n=name: getattr(c.getresponse(), n))
       for name in ("read", "read1", "readline", "readlines", "peek")},
    "http.client.HTTPResponse.readinto": http(lambda c: partial(c.getresponse().readinto, bytearray(4))),
    "socket.create_connection": run("socket.create_connection", NOBODY),
    "socket.getaddrinfo": run("socket.getaddrinfo", "localhost", 80),
    "socket.getnameinfo": run("socket.getnameinfo", NOBODY, 0),
    **{f"socket.{name}": run(f"socket.{name}", "localhost") for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getfqdn")},
    "ssl.get_server_certificate": run("ssl.get_server_certificate", NOBODY),
    "multiprocessing.connection.Client": run("multiprocessing.connection.Client", NOBODY),
    "http.server.HTTPServer": run("http.server.HTTPServer", ("127.0.0.1", 0), Slow),
    **{f"{module}.{name}": run(f"{module}.{name}", *NOBODY) for module, names in (
        ("poplib", ("POP3", "POP3_SSL")), ("imaplib", ("IMAP4", "IMAP4_SSL")), ("nntplib", ("NNTP", "NNTP_SSL")),
        ("smtplib", ("SMTP", "SMTP_SSL", "LMTP")), ("telnetlib", ("Telnet",)))
       for name in names},
    **{f"ftplib.{name}": run(f"ftplib.{name}", "127.0.0.1:9") for name in ("FTP", "FTP_TLS")},
    "http.server.ThreadingHTTPServer": run("http.server.ThreadingHTTPServer", ("127.0.0.1", 0), Slow),
    "wsgiref.simple_server.WSGIServer": run("wsgiref.simple_server.WSGIServer", ("127.0.0.1", 0), Slow),
    "wsgiref.simple_server.make_server": run("wsgiref.simple_server.make_server", "127.0.0.1", 0, None),
    "multiprocessing.managers.BaseManager.connect": of(lambda d: find("multiprocessing.managers.BaseManager")(NOBODY, b"x"), "connect"),
    "xmlrpc.client.ServerProxy.*": quietly(lambda d: find("xmlrpc.client.ServerProxy")(f"http://127.0.0.1:{server()}/").anything),
    **{path: quietly(talk(path, *arguments)) for path, arguments in ASKED.items()},
    "smtplib.SMTP.connect": lambda d: partial(find("smtplib.SMTP")().connect, *NOBODY),
    "ftplib.FTP.connect": lambda d: partial(find("ftplib.FTP")().connect, *NOBODY),
    "xmlrpc.client.Transport.request": lambda d: partial(find("xmlrpc.client.Transport")().request, "127.0.0.1:9", "/", b""),
    **{f"telnetlib.Telnet.{name}": lambda d, n=name, a=arguments: partial(getattr(telnet(), n), *a) for name, *arguments in (
        ("read_until", b"y"), ("read_all",), ("read_some",), ("expect", [b"y"]), ("write", b"x" * 10_000_000))},
    "telnetlib.Telnet.open": lambda d: partial(find("telnetlib.Telnet")().open, *NOBODY),
    "socket.socket.connect": lambda d: partial(socket.socket().connect, NOBODY),
    "socket.socket.sendall": lambda d: partial(pair().sendall, b"x" * 10_000_000),
    "socket.socket.sendfile": lambda d: partial(pair().sendfile, open(d / "file", "rb")),
    "socket.socket.recv": lambda d: partial(pair().recv, 1),
    "socket.socket.recv_into": lambda d: partial(pair().recv_into, bytearray(1)),
    "socket.socket.recvfrom": lambda d: partial(pair().recvfrom, 1),
    "multiprocessing.connection.Connection.send": flooded(lambda c, data: c.send(data)),
    "multiprocessing.connection.Connection.send_bytes": flooded(lambda c, data: c.send_bytes(data)),
    **{f"multiprocessing.connection.Connection.{name}": piped(lambda p, n=name: getattr(p, n)()) for name in ("recv", "recv_bytes")},
    "multiprocessing.connection.Connection.recv_bytes_into": piped(lambda p: p.recv_bytes_into(bytearray(99))),
    "multiprocessing.connection.Connection.poll": piped(lambda p: p.poll(None)),
    "multiprocessing.connection.Listener.accept": then(
        lambda: multiprocessing.connection.Listener(("127.0.0.1", 0)), lambda a: multiprocessing.connection.Client(a.address), lambda a: a.accept()),
    "socketserver.BaseServer.serve_forever": then(web_server, lambda s: s.shutdown(), lambda s: s.serve_forever(0.01)),
    "socketserver.BaseServer.handle_request": then(
        web_server, lambda s: socket.create_connection(s.server_address).close(), lambda s: s.handle_request()),
    # database
    "sqlite3.connect": at("sqlite3.connect", "base"),
    "sqlite3.Connection": at("sqlite3.Connection", "base"),
    "sqlite3.Connection.execute": connection(lambda c: partial(c.execute, "insert into t values (1)")),
    "sqlite3.Connection.executemany": connection(lambda c: partial(c.executemany, "insert into t values (?)", [(1,)])),
    "sqlite3.Connection.executescript": connection(lambda c: partial(c.executescript, "insert into t values (1)")),
    "sqlite3.Connection.iterdump": connection(lambda c: lambda: list(c.iterdump())),
    "sqlite3.Connection.blobopen": connection(lambda c: partial(c.blobopen, "t", "x", 1)),
    "sqlite3.Connection.backup": connection(lambda c: partial(c.backup, sqlite3.connect(":memory:"))),
    "sqlite3.Cursor.execute": connection(lambda c: partial(c.cursor().execute, "insert into t values (1)")),
    "sqlite3.Cursor.executemany": connection(lambda c: partial(c.cursor().executemany, "insert into t values (?)", [(1,)])),
    "sqlite3.Cursor.executescript": connection(lambda c: partial(c.cursor().executescript, "insert into t values (1)")),
    **{f"sqlite3.Connection.{name}": of(changed, name) for name in ("commit", "rollback", "close")},
    "sqlite3.Connection.__exit__": of(changed, "__exit__", None, None, None),
    "sqlite3.Blob.read": of(blob, "read"),
    "sqlite3.Blob.write": of(blob, "write", b"x"),
    **{f"sqlite3.Cursor.{name}": of(lambda d: changed(d).execute(SLOW_QUERY), name) for name in ("fetchone", "fetchmany", "fetchall")},
    # waits
    "threading.Thread.join": of(lambda d: started(threading.Thread(target=pause)), "join"),
    "threading.Timer.join": of(lambda d: started(threading.Timer(PAUSE * 4, int)), "join"),
    "multiprocessing.Process.join": of(lambda d: started(multiprocessing.Process(target=time.sleep, args=(PAUSE * 4,))), "join"),
    "threading.Event.wait": then(threading.Event, lambda e: e.set(), lambda e: e.wait()),
    "threading.Barrier.wait": then(lambda: threading.Barrier(2), lambda b: b.wait(), lambda b: b.wait()),
    "threading.Condition.wait": of(lambda d: entered(threading.Condition()), "wait", PAUSE),
    "threading.Condition.wait_for": of(lambda d: entered(threading.Condition()), "wait_for", lambda: False, PAUSE),
    **{f"threading.{name}.acquire": of(lambda d, n=name: held(f"threading.{n}"), "acquire") for name in ("Lock", "RLock", "Condition", "Semaphore")},
    "multiprocessing.synchronize.SemLock.acquire": lambda d: held("multiprocessing.Lock").acquire,
    "multiprocessing.synchronize.Event.wait": lambda d: partial(multiprocessing.Event().wait, PAUSE),
    "multiprocessing.synchronize.Condition.wait": of(lambda d: entered(multiprocessing.Condition()), "wait", PAUSE),
    "multiprocessing.synchronize.Condition.wait_for": of(lambda d: entered(multiprocessing.Condition()), "wait_for", lambda: False, PAUSE),
    "multiprocessing.synchronize.Barrier.wait": lambda d: partial(multiprocessing.Barrier(2).wait, PAUSE),
    "queue.Queue.get": then(queue.Queue, lambda q: q.put(1), lambda q: q.get()),
    "queue.SimpleQueue.get": then(queue.SimpleQueue, lambda q: q.put(1), lambda q: q.get()),
    "queue.Queue(maxsize).put": then(lambda: filled(queue.Queue(1)), lambda q: q.get(), lambda q: q.put(2)),
    "queue.Queue.join": then(lambda: filled(queue.Queue()), lambda q: q.task_done(), lambda q: q.join()),
    "multiprocessing.queues.Queue.get": then(multiprocessing.Queue, lambda q: q.put(1), lambda q: q.get()),
    "multiprocessing.queues.Queue(maxsize).put": then(lambda: filled(multiprocessing.Queue(1)), lambda q: q.get(), lambda q: q.put(2)),
    "multiprocessing.queues.JoinableQueue.join": then(lambda: filled(multiprocessing.JoinableQueue()), lambda q: q.task_done(), lambda q: q.join()),
    "multiprocessing.queues.SimpleQueue.get": then(multiprocessing.SimpleQueue, lambda q: q.put(1), lambda q: q.get()),
    "multiprocessing.queues.SimpleQueue.put": then(multiprocessing.SimpleQueue, lambda q: q.get(), lambda q: q.put(b"x" * 1_000_000)),
    "concurrent.futures.Future.result": then(future, lambda f: f.set_result(1), lambda f: f.result()),
    "concurrent.futures.Future.exception": then(future, lambda f: f.set_result(1), lambda f: f.exception()),
    "concurrent.futures.wait": then(future, lambda f: f.set_result(1), lambda f: concurrent.futures.wait([f])),
    "concurrent.futures.as_completed": then(future, lambda f: f.set_result(1), lambda f: list(concurrent.futures.as_completed([f]))),
    "concurrent.futures.Executor.shutdown": lambda d: busy_executor().shutdown,
    "concurrent.futures.Executor.__exit__": lambda d: partial(busy_executor().__exit__, None, None, None),
    "multiprocessing.pool.Pool.apply": pool(lambda p: p.apply(time.sleep, (PAUSE,))),
    "multiprocessing.pool.Pool.map": pool(lambda p: p.map(time.sleep, [PAUSE])),
    "multiprocessing.pool.Pool.starmap": pool(lambda p: p.starmap(time.sleep, [(PAUSE,)])),
    "multiprocessing.pool.Pool.join": pool(lambda p: (p.apply_async(time.sleep, (PAUSE,)), p.close(), p.join())),
    "multiprocessing.pool.AsyncResult.get": pool(lambda p: p.apply_async(time.sleep, (PAUSE,)).get()),
    "multiprocessing.pool.AsyncResult.wait": pool(lambda p: p.apply_async(time.sleep, (PAUSE,)).wait()),
    "multiprocessing.pool.IMapIterator.next": pool(lambda p: p.imap(time.sleep, [PAUSE]).next()),
    "multiprocessing.pool.IMapIterator.__iter__": pool(lambda p: list(p.imap(time.sleep, [PAUSE]))),
    "concurrent.futures.Executor.map().__iter__": lambda d: lambda: list(concurrent.futures.ThreadPoolExecutor(1).map(time.sleep, [PAUSE])),
    "multiprocessing.managers.BaseManager.join": of(lambda d: started(find("multiprocessing.managers.BaseManager")()), "join", PAUSE),
    "os.lockf": locked,
    "multiprocessing.connection.wait": piped(lambda p: multiprocessing.connection.wait([p])),
    "selectors.BaseSelector.select": lambda d: partial(find("selectors.DefaultSelector")().select, PAUSE),
    "select.epoll.poll": lambda d: partial(select.epoll().poll, PAUSE),
    "select.poll.poll": lambda d: partial(select.poll().poll, PAUSE * 1000),
    "select.select": lambda d: partial(select.select, [], [], [], PAUSE),
    "signal.sigtimedwait": lambda d: partial(signal.sigtimedwait, [signal.SIGUSR2], PAUSE),
    # console and cpu
    "builtins.input": lambda d: input,
    "hashlib.scrypt": lambda d: partial(find("hashlib.scrypt"), n=2**15, r=8, p=2, maxmem=2**27, **HASH),
    "hashlib.pbkdf2_hmac": lambda d: partial(find("hashlib.pbkdf2_hmac"), "sha256", iterations=400_000, **HASH),
}  # fmt: skip

REASONS = {  # what is not called here: a path, or what it starts with
    "mmap.mmap.flush": "the kernel writes the pages; no event tells of it",
    "runpy.run_module": "reads code, which the witness must overlook",
    "compileall.compile_path": "writes into the installation",
    "os.sync": "flushes every disk of the machine: seconds",
    "pathlib.Path.lchmod": "not on Linux",
    "platform.freedesktop_os_release": "reads a file once and remembers it",
    "platform.platform": "starts a process once and remembers what it said",
    "platform.processor": "starts a process once and remembers what it said",
    "os.wait": "would take the children of other tests",
    "os.wait3": "would take the children of other tests",
    "webbrowser": "opens a window",
    "venv": "builds an environment: seconds",
    "ensurepip": "installs pip: seconds",
    "multiprocessing.Pool": "starts processes by Process.start, which is called",
    "multiprocessing.pool.Pool": "starts processes by Process.start, which is called",
    "multiprocessing.Manager": "starts processes by Process.start, which is called",
    "multiprocessing.queues.Queue.join_thread": "waits for a thread that is mostly done",
    "pty.spawn": "forks the test run",
    "pty.fork": "forks the test run",
    "os.fork": "forks the test run",
    "os.forkpty": "forks the test run",
    "imaplib.IMAP4_stream": "runs the command of a mail server",
    "ssl.SSLSocket": "needs a server with a certificate",
    "ssl.SSLContext.wrap_socket": "needs a server with a certificate",
    "poplib.POP3.stls": "needs a server with a certificate",
    "nntplib.NNTP.starttls": "needs a server with a certificate",
    "ftplib.FTP_TLS.ccc": "needs a server with a certificate",
    **dict.fromkeys([f"telnetlib.Telnet.{name}" for name in ("interact", "mt_interact")], "needs a terminal"),
    "termios.tcdrain": "needs a terminal",
    "socketserver.BaseServer.shutdown": "waits for serve_forever in another thread",
    "signal.pause": "needs a signal",
    "signal.sigwait": "needs a signal",
    "signal.sigwaitinfo": "needs a signal",
    **dict.fromkeys(["getpass", "sys.stdin", "code", "cmd"], "needs a terminal"),
}

SILENT: dict[str, Setup] = {
    "pathlib.Path.with_name": of(lambda d: d / "file", "with_name", "x"),
    "pathlib.Path.relative_to": of(lambda d: d / "file", "relative_to", "/"),
    "io.BytesIO.read": of(lambda d: io.BytesIO(b"x"), "read"),
    "io.StringIO.write": of(lambda d: io.StringIO(), "write", "x"),
    "json.load of a StringIO": run("json.load", io.StringIO("1")),
    "pickle.load of a BytesIO": lambda d: partial(pickle.load, io.BytesIO(pickle.dumps(1))),
    "zipfile.ZipFile of a BytesIO": lambda d: partial(zipfile.ZipFile, io.BytesIO((d / "a.zip").read_bytes())),
    "zipfile.Path of an archive in memory": lambda d: partial(find("zipfile.Path"), zipfile.ZipFile(io.BytesIO((d / "a.zip").read_bytes()))),
    "gzip.GzipFile of a BytesIO": lambda d: partial(find("gzip.GzipFile"), fileobj=io.BytesIO(), mode="w"),
    "bz2.open of a BytesIO": lambda d: partial(find("bz2.open"), io.BytesIO()),
    "email.parser.Parser.parse of a StringIO": lambda d: partial(find("email.parser.Parser")().parse, io.StringIO("a: b")),
    "xml.etree.ElementTree.canonicalize of a text": run("xml.etree.ElementTree.canonicalize", "<a/>"),
    "xml.sax.xmlreader.XMLReader.parse of a BytesIO": lambda d: partial(find("xml.sax.make_parser")().parse, io.BytesIO(b"<a/>")),
    "zoneinfo.ZoneInfo.from_file of a BytesIO": lambda d: partial(find("zoneinfo.ZoneInfo").from_file, io.BytesIO((d / "zone").read_bytes())),
    "csv.reader": lambda d: lambda: list(find("csv.reader")(["a,b"])),
    "configparser.ConfigParser.read_string": lambda d: partial(find("configparser.ConfigParser")().read_string, "[a]"),
    "xmlrpc.client.ServerProxy": run("xmlrpc.client.ServerProxy", "http://localhost:9"),
    "smtplib.SMTP without a host": lambda d: partial(find("smtplib.SMTP"), local_hostname="localhost"),
    "ftplib.FTP without a host": run("ftplib.FTP"),
    "queue.Queue.get_nowait": of(lambda d: queue.Queue(), "get_nowait"),
    "queue.Queue.put_nowait": of(lambda d: filled(queue.Queue(1)), "put_nowait", 2),
    "queue.SimpleQueue.get_nowait": of(lambda d: queue.SimpleQueue(), "get_nowait"),
    "queue.Queue.task_done": of(lambda d: filled(queue.Queue()), "task_done"),
    "concurrent.futures.Executor.map, not iterated": lambda d: partial(concurrent.futures.ThreadPoolExecutor(1).map, time.sleep, [PAUSE]),
    "concurrent.futures.Executor.submit": lambda d: partial(concurrent.futures.ThreadPoolExecutor(1).submit, time.sleep, PAUSE),
    "threading.Thread.start": of(lambda d: threading.Thread(target=pause), "start"),
    "os.waitpid with WNOHANG": lambda d: partial(os.waitpid, sleeper().pid, os.WNOHANG),
    "signal.sigtimedwait(0)": run("signal.sigtimedwait", [signal.SIGUSR2], 0),
    "selectors.BaseSelector.select(0)": lambda d: partial(find("selectors.DefaultSelector")().select, 0),
    "sched.scheduler.run(blocking=False)": of(scheduler, "run", False),
    "os.getcwd": run("os.getcwd"),
    "os.path.abspath": run("os.path.abspath", "x"),
    "threading.Event.wait(0)": of(lambda d: threading.Event(), "wait", 0),
    "threading.Lock.acquire(False)": of(lambda d: held("threading.Lock"), "acquire", False),
    "threading.Lock.acquire(timeout=0)": lambda d: partial(held("threading.Lock").acquire, timeout=0),
    "multiprocessing.Lock.acquire(False)": of(lambda d: held("multiprocessing.Lock"), "acquire", False),
    "queue.Queue.get(False)": of(lambda d: queue.Queue(), "get", False),
    "queue.Queue.get(timeout=0)": lambda d: partial(queue.Queue().get, timeout=0),
    "queue.Queue.put(1, False)": of(lambda d: filled(queue.Queue(1)), "put", 2, False),
    "queue.SimpleQueue.put": of(lambda d: queue.SimpleQueue(), "put", 1),
    "concurrent.futures.Future.result(0)": of(lambda d: future(), "result", 0),
    "concurrent.futures.wait(timeout=0)": lambda d: partial(concurrent.futures.wait, [future()], 0),
    "concurrent.futures.Executor.shutdown(wait=False)": of(lambda d: busy_executor(), "shutdown", False),
    "subprocess.Popen.poll": of(lambda d: sleeper(), "poll"),
    "subprocess.Popen.wait(0)": of(lambda d: sleeper(), "wait", 0),
    "select.select(timeout=0)": run("select.select", [], [], [], 0),
    "http.client.HTTPConnection": run("http.client.HTTPConnection", "localhost"),
    "multiprocessing.connection.Connection.poll": of(lambda d: multiprocessing.Pipe()[0], "poll"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with one of each: a file, a link, directories, an archive."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").write_text("x\n" * 20_000)
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "m.py").write_text("x = 1")
    (tmp_path / "empty" / "dir").mkdir(parents=True)
    (tmp_path / "empty.txt").touch()
    (tmp_path / "ini").write_text("[a]")
    (tmp_path / "json").write_text("1")
    (tmp_path / "toml").write_text("a = 1")
    (tmp_path / "xml").write_text("<a/>")
    (tmp_path / "pickle").write_bytes(pickle.dumps(1))
    (tmp_path / "marshal").write_bytes(marshal.dumps(1))
    (tmp_path / "zone").write_bytes(b"TZif" + bytes(16) + struct.pack(">6I", 0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0")
    (tmp_path / "plist").write_bytes(plistlib.dumps({}))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("x", "x")
    with swept():
        yield tmp_path
        while SLEEPERS:
            with SLEEPERS.pop() as child:
                child.kill()
        while HELPERS:
            HELPERS.pop().join(2)
        for process in multiprocessing.active_children():
            process.join(2)


def here(path: str) -> bool:
    """Whether the running Python has the path."""
    owner = path.rpartition(".")[0]
    if owner in ("threading.Lock", "threading.RLock", "threading.Condition", "select.poll", "multiprocessing.synchronize.SemLock"):
        return True  # functions that make objects with this method, or classes that give it to each object
    try:
        return bool(find(path))
    except (ImportError, AttributeError):
        return False


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", TABLE)
def test_it_blocks(path: str, folder: Path) -> None:
    if not here(path):
        pytest.skip("not in this version of Python")
    assert path in BLOCKS
    assert on_loop(TABLE[path], folder)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", SILENT)
def test_it_does_not_block(case: str, folder: Path) -> None:
    assert on_loop(SILENT[case], folder) == set()


def test_every_entry_is_called_or_has_a_reason() -> None:
    called = BLOCKS.keys() & TABLE.keys()
    excused = {path for path in BLOCKS.keys() - called if any(path == known or path.startswith(known + ".") for known in REASONS)}
    assert len(called) >= 570
    assert BLOCKS.keys() - called - excused == set()
    assert [known for known in REASONS if not any(path == known or path.startswith(known + ".") for path in excused)] == []
