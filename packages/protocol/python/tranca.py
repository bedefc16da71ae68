"""A minimal Tranca client: Python 3 standard library only, one request at a time.

    from tranca import Client, Refused

    with Client(["127.0.0.1:5555", "127.0.0.1:5556"], namespace="demo", client="py") as tranca:
        lock = tranca.acquire("u1", "SA1000001", wait_ms=5000)
        number = tranca.reserve("u1", "nf", company="01", branch="0101", spec=GAPLESS)
        tranca.confirm("u1", "nf", number)
        tranca.release("u1", "SA1000001", token=lock["token"])

A cluster with TLS asks who speaks, by a certificate or a token (docs/security.md):

    Client(["10.0.0.1:5555"], namespace="demo", tls=tls(ca="ca.crt", cert="py.crt", key="py.key"))
    Client(["10.0.0.1:5555"], namespace="demo", tls=tls(ca="ca.crt"), token=open("token").read().strip())

The wire is described in docs/protocol.md. A request that was sent when the connection broke is sent again,
with the same id and the same bytes, after the session was resumed: it is done once.
"""

import ipaddress
import os
import random
import selectors
import socket
import ssl
import struct
import threading
import time

FRAME_SIZE_MAX = 1_048_576
DEPTH_MAX = 32

# -- MessagePack: what the protocol needs of it ------------------------------------------------------------


def pack(value):
    """One plain value as MessagePack, in its shortest form."""
    out = bytearray()
    _pack(out, value)
    return bytes(out)


def _pack(out, value):
    if value is None:
        out.append(0xC0)
    elif value is True or value is False:
        out.append(0xC3 if value else 0xC2)
    elif isinstance(value, int):
        _pack_integer(out, value)
    elif isinstance(value, float):
        out += struct.pack(">Bd", 0xCB, value)
    elif isinstance(value, str):
        data = value.encode("utf-8")
        _pack_head(out, len(data), (0xA0, 32), (0xD9, 0xDA, 0xDB))
        out += data
    elif isinstance(value, (bytes, bytearray)):
        _pack_head(out, len(value), None, (0xC4, 0xC5, 0xC6))
        out += value
    elif isinstance(value, (list, tuple)):
        _pack_head(out, len(value), (0x90, 16), (None, 0xDC, 0xDD))
        for item in value:
            _pack(out, item)
    elif isinstance(value, dict):
        _pack_head(out, len(value), (0x80, 16), (None, 0xDE, 0xDF))
        for key, item in value.items():
            _pack(out, key)
            _pack(out, item)
    else:
        raise TypeError(f"not a plain value: {type(value).__name__}")


def _pack_integer(out, value):
    if -32 <= value < 128:
        out.append(value & 0xFF)
        return
    forms = ("BCC", "HCD", "ICE", "QCF") if value >= 0 else ("bD0", "hD1", "iD2", "qD3")
    for form in forms:
        try:
            data = struct.pack(">" + form[0], value)
        except struct.error:
            continue
        out.append(int(form[1:], 16))
        out += data
        return
    raise OverflowError(f"{value} does not fit into 64 bits")


def _pack_head(out, size, short, long):
    if short is not None and size < short[1]:
        out.append(short[0] | size)
    elif long[0] is not None and size < 256:
        out += bytes((long[0], size))
    elif size < 65_536:
        out += struct.pack(">BH", long[1], size)
    else:
        out += struct.pack(">BI", long[2], size)


def unpack(data):
    """The one plain value that the bytes are; ValueError if they are not exactly that."""
    value, end = _unpack(data, 0, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes more than one value")
    return value


_NUMBERS = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}
_NUMBERS.update({0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"})
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_SIZES = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I", 0xD9: ">B", 0xDA: ">H", 0xDB: ">I"}
_SIZES.update({0xDC: ">H", 0xDD: ">I", 0xDE: ">H", 0xDF: ">I"})


def _take(data, at, size):
    if size > len(data) - at:
        raise ValueError("cut off")
    return data[at : at + size]


def _unpack(data, at, depth):
    if depth > DEPTH_MAX:
        raise ValueError("nested too deeply")
    head = _take(data, at, 1)[0]
    at += 1
    if head < 0x80:
        return head, at
    if head >= 0xE0:
        return head - 256, at
    if head in _CONSTANTS:
        return _CONSTANTS[head], at
    if head in _NUMBERS:
        form = _NUMBERS[head]
        size = struct.calcsize(form)
        return struct.unpack(form, _take(data, at, size))[0], at + size
    if head in _SIZES:
        form = _SIZES[head]
        width = struct.calcsize(form)
        size = struct.unpack(form, _take(data, at, width))[0]
        at += width
    elif head < 0x90:
        size, head = head & 0x0F, 0xDE
    elif head < 0xA0:
        size, head = head & 0x0F, 0xDC
    elif head < 0xC0:
        size, head = head & 0x1F, 0xD9
    else:
        raise ValueError(f"a byte 0x{head:02x}: extension types are not used")
    if head <= 0xC6:
        return bytes(_take(data, at, size)), at + size
    if head <= 0xDB:
        return bytes(_take(data, at, size)).decode("utf-8"), at + size
    if size > len(data) - at:
        raise ValueError("cut off")
    if head <= 0xDD:
        items = []
        for _ in range(size):
            item, at = _unpack(data, at, depth + 1)
            items.append(item)
        return items, at
    pairs = {}
    for _ in range(size):
        key, at = _unpack(data, at, depth + 1)
        if not isinstance(key, str):
            raise ValueError("a key that is not text")
        pairs[key], at = _unpack(data, at, depth + 1)
    return pairs, at


def frame(value):
    body = pack(value)
    if len(body) > FRAME_SIZE_MAX:
        raise ValueError(f"a frame of {len(body)} bytes, larger than {FRAME_SIZE_MAX}")
    return struct.pack(">I", len(body)) + body


# -- operations: code, and the names of the result's fields (docs/protocol.md) ------------------------------

OPERATIONS = {
    "hello": (0, ("welcome",)),
    "session.open": (16, ("session", "generation", "ttlMs")),
    "session.resume": (17, ("session", "generation", "ttlMs")),
    "session.close": (18, ()),
    "owner.release": (19, ("released",)),
    "lock.acquire": (32, ("token", "counts")),
    "lock.release": (33, ("counts",)),
    "sequence.define": (64, ("created",)),
    "sequence.next": (65, ("first", "last", "count", "prefix", "period")),
    "sequence.reserve": (66, ("value", "prefix", "period", "expiresInMs", "reissued")),
    "sequence.confirm": (67, ("value",)),
    "sequence.rollback": (68, ("value",)),
}
OK, REFUSED, EVENT, PING, PONG = 1, 2, 3, 4, 5
EVENT_SESSION_LOST, EVENT_MEMBERS = 3, 6
TOKEN_SIZE_MAX = 4_096
MODES = {"exclusive": 0, "shared": 1}
INSTALLATIONS = {"production": 0, "homologation": 1, "development": 2}


def spec(kind="gapless", digits="decimal", width=9, prefix="", start=None, reset="never"):
    """The definition of a sequence, as its array on the wire."""
    kinds, orders, resets = ("gapless", "fast"), ("decimal", "soma1"), ("never", "year", "month", "day")
    first = start if start is not None else "1".rjust(width, "0")
    return [kinds.index(kind), orders.index(digits), width, prefix, first, resets.index(reset)]


GAPLESS = spec()


def tls(ca=None, cert=None, key=None):
    """How to meet a cluster with TLS 1.3: files in PEM. Without `ca`, the authorities of the system are believed."""
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if cert is not None:
        context.load_cert_chain(cert, key)
    return context


class Refused(Exception):
    """An expected refusal: why, and what it says about it."""

    def __init__(self, cause, detail):
        super().__init__(f"{cause} {detail}" if detail else cause)
        self.cause = cause
        self.detail = detail


class SessionLost(Exception):
    """The session has ended: all that it held is released."""


class Unreachable(Exception):
    """No leader answered in time. Whether the request was done is not known."""


class _Moved(Exception):
    """The request belongs to another node: dial again, send again."""


class Client:
    """One session. Not for use by several threads at once."""

    def __init__(
        self,
        addresses,
        namespace,
        client="python",
        installation="development",
        ttl_ms=30_000,
        patience_s=30.0,
        tls=None,
        server_name=None,
        token=None,
    ):
        """`tls`: an ssl.SSLContext, for example of `tls()`. `server_name`: the name that the nodes' certificates must
        have, default the address that is dialed; certificates of `tranca cert init` all have the cluster's name.
        `token`: shown to the nodes; without TLS it never leaves this machine, and ValueError says so."""
        self.addresses = [addresses] if isinstance(addresses, str) else list(addresses)
        self._tls = tls
        self._server_name = server_name
        self._token = token
        if token is not None and len(token.encode("utf-8")) > TOKEN_SIZE_MAX:
            raise ValueError(f"a token of more than {TOKEN_SIZE_MAX} bytes")
        for address in self.addresses:
            self._must_not_expose(address)
        self._members = []
        self._complaints = {}
        self.client = client
        self.patience_s = patience_s
        self.session = None
        self.generation = None
        self.leader = None
        self._key = os.urandom(16)
        self._socket = None
        self._writing = threading.Lock()
        self._next_id = 1
        self._outstanding = {}
        self._acks = []
        self._ttl_ms = ttl_ms
        self._opening = [self._key, namespace, client, INSTALLATIONS[installation], ttl_ms]
        self._closed = threading.Event()
        self._deadline = time.monotonic() + patience_s
        self._with_retries(lambda: None)
        threading.Thread(target=self._keep_alive, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- what an application does --------------------------------------------------------------------------

    def acquire(self, owner, names, mode="exclusive", wait_ms=0, priority=0):
        """All names or none. Gives {token, counts}."""
        names = [names] if isinstance(names, str) else names
        locks = [[name, MODES[mode]] for name in names]
        return self.request("lock.acquire", owner, locks, wait_ms, priority, wait_ms=wait_ms)

    def release(self, owner, names, token=None):
        names = [names] if isinstance(names, str) else names
        return self.request("lock.release", owner, names, token)

    def release_owner(self, owner):
        return self.request("owner.release", owner)["released"]

    def define(self, name, definition):
        return self.request("sequence.define", name, definition)["created"]

    def next(self, owner, name, company="", branch="", count=1, spec=None, seed=None):
        """Gives {first, last, count, prefix, period}."""
        return self.request("sequence.next", owner, name, [company, branch], count, spec, seed)

    def reserve(self, owner, name, company="", branch="", ttl_ms=None, spec=None, seed=None):
        """Gives {value, prefix, period, expiresInMs, reissued, scope}; pass it on to confirm or rollback."""
        number = self.request("sequence.reserve", owner, name, [company, branch], ttl_ms, spec, seed)
        number["scope"] = [company, branch, number["period"]]
        return number

    def confirm(self, owner, name, number):
        return self.request("sequence.confirm", owner, name, number["scope"], number["value"])["value"]

    def rollback(self, owner, name, number):
        return self.request("sequence.rollback", owner, name, number["scope"], number["value"])["value"]

    def close(self):
        """Ends the session and releases all that it holds."""
        self._closed.set()
        if self._socket is None:
            return
        try:
            self.request("session.close")
        except (Refused, SessionLost, Unreachable):
            pass
        self._drop()

    def request(self, operation, *fields, wait_ms=0):
        """Sends one request, however often it takes, and gives its result as a dict. It is done once."""
        identity = self._take_id()
        code = OPERATIONS[operation][0]
        acks, self._acks = self._acks, []
        fields = list(fields)
        while fields and fields[-1] is None:
            fields.pop()
        self._outstanding[identity] = (operation, frame([code, identity, acks, *fields]))
        self._deadline = time.monotonic() + self.patience_s + max(wait_ms, 0) / 1000
        if wait_ms < 0:
            self._deadline = float("inf")
        try:
            return self._with_retries(lambda: self._ask(identity))
        finally:
            del self._outstanding[identity]
            self._acks.append(identity)

    # -- connection ----------------------------------------------------------------------------------------

    def _take_id(self):
        identity = self._next_id
        self._next_id += 1
        return identity

    def _with_retries(self, step):
        """Runs a step on a connection to the leader; dials, resumes and runs it again after a break."""
        pause = 0.02
        while True:
            try:
                if self._socket is None:
                    self._connect()
                return step()
            except (OSError, EOFError, ValueError, _Moved) as error:
                self._drop()
                if time.monotonic() > self._deadline:
                    raise Unreachable(str(error)) from error
                time.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(pause * 2, 0.5)

    def _connect(self):
        """The leader, by asking any node; then the session on it, opened or resumed."""
        self._complaints.clear()
        for address in dict.fromkeys([self.leader, *self.addresses, *self._members]):
            if address is not None and self._dial(address):
                break
        else:
            said = "; ".join(f"{address}: {why}" for address, why in self._complaints.items())
            raise _Moved("no leader is known" + (f" ({said})" if said else ""))
        if self.session is None:
            values = self._call("session.open", *self._opening)
        else:
            values = self._call("session.resume", self.session, self._key, sorted(self._outstanding))
        self.session, self.generation = values["session"], values["generation"]

    def _dial(self, address, hops=2):
        """Says hello; follows the way to the leader. True if the node on the line leads."""
        self.leader = None
        try:
            self._must_not_expose(address)
            host, port = _host_and_port(address)
            line = socket.create_connection((host, port), timeout=2)
            self._socket = line
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                self._socket = self._tls.wrap_socket(line, server_hostname=self._server_name or host)
            self._socket.settimeout(max(self._ttl_ms / 1000, 2))
            hello = {"min": 1, "max": 1, "features": ["resume"], "client": self.client}
            if self._token is not None:
                hello["auth"] = self._token
            self._send(frame([0, 0, [], hello]))
            welcome = self._answer("hello", 0)["welcome"]
        except (OSError, EOFError, ValueError, Refused) as error:
            self._complaints[address] = error
            self._drop()
            return False
        self._members = welcome.get("members", [])
        if welcome["role"] == "leader":
            self.leader = address
            return True
        self._drop()
        leader = welcome.get("leader")
        return leader is not None and hops > 0 and self._dial(leader[1], hops - 1)

    def _must_not_expose(self, address):
        if self._token is None or self._tls is not None:
            return
        host, _ = _host_and_port(address)
        if host != "localhost" and not _is_loopback(host):
            raise ValueError(f"a token for {address} is not sent without tls")

    def _call(self, operation, *fields):
        identity = self._take_id()
        self._send(frame([OPERATIONS[operation][0], identity, [], *fields]))
        return self._answer(operation, identity)

    def _ask(self, identity):
        operation, data = self._outstanding[identity]
        self._send(data)
        return self._answer(operation, identity)

    def _answer(self, operation, identity):
        """Reads frames until the answer to one request comes. Others are late answers: nobody waits."""
        while True:
            message = unpack(self._read_frame())
            tag = message[0]
            if tag == PING:
                self._send(frame([PONG, message[1]]))
            elif tag == EVENT and message[1] == EVENT_SESSION_LOST and operation != "session.close":
                raise SessionLost(message[3])
            elif tag == EVENT and message[1] == EVENT_MEMBERS:
                self._members = message[2]
            elif tag == OK and message[1] == identity:
                names = OPERATIONS[operation][1]
                values = message[2:] + [None] * len(names)
                return dict(zip(names, values))
            elif tag == REFUSED and message[1] == identity:
                self._refused(message[2], message[3] if len(message) > 3 else {})

    def _refused(self, cause, detail):
        if cause in ("notLeader", "noLeader", "draining", "busy", "uncertain"):
            raise _Moved(cause)
        if cause in ("sessionUnknown", "staleGeneration", "badKey"):
            raise SessionLost(cause)
        raise Refused(cause, detail)

    def _keep_alive(self):
        """Any frame is a sign of life: a ping often enough, also while the application does other things."""
        while not self._closed.wait(self._ttl_ms / 3000):
            try:
                self._send(frame([PING, 0]))
            except OSError:
                pass  # The next request finds the connection broken and mends it.

    def _send(self, data):
        with self._writing:
            if self._socket is None:
                raise OSError("not connected")
            self._socket.sendall(data)

    def _read_frame(self):
        size = struct.unpack(">I", self._read(4))[0]
        if size > FRAME_SIZE_MAX:
            raise ValueError(f"a frame of {size} bytes was announced")
        return self._read(size)

    def _read(self, size):
        data = bytearray()
        while len(data) < size:
            chunk = self._receive(min(size - len(data), 65_536))
            if not chunk:
                raise EOFError("the node closed the connection")
            data += chunk
        return bytes(data)

    def _receive(self, size):
        line = self._socket
        if self._tls is None:
            return line.recv(size)
        # A connection with TLS must not be read and written at once, and the keep-alive writes while this waits.
        while True:
            if line.pending() == 0:
                with selectors.DefaultSelector() as selector:
                    selector.register(line, selectors.EVENT_READ)
                    if not selector.select(line.gettimeout()):
                        raise TimeoutError("the node is silent")
            with self._writing:
                timeout = line.gettimeout()
                line.settimeout(0)
                try:
                    return line.recv(size)
                except ssl.SSLWantReadError:
                    pass  # It was not for us: a session ticket, or part of a record.
                finally:
                    line.settimeout(timeout)

    def _drop(self):
        with self._writing:
            if self._socket is not None:
                self._socket.close()
                self._socket = None


def _host_and_port(address):
    host, port = address.rsplit(":", 1)
    return host.strip("[]"), int(port)


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
