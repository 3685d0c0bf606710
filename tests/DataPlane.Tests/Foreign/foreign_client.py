"""A TiKV client that owes nothing to this project: Debian's grpcio for the transport, messages encoded by hand from their field numbers.

Usage: foreign_client.py PD_ADDRESS. Prints one line per check and exits with 1 when any of them fails.
"""

import sys
import threading
import time

import grpc

TIMEOUT = 10
checks = []


# --- protobuf, as the encoding specification has it -------------------------------------------------------------------------------------

def varint(number):
    out = bytearray()
    number &= (1 << 64) - 1
    while True:
        number, seven = number >> 7, number & 0x7F
        if not number:
            out.append(seven)
            return bytes(out)
        out.append(seven | 0x80)


def message(**fields):
    """Fields are named f<number>; ints become varints, bytes and text length-delimited, lists repeated."""
    out = b""
    for name, value in fields.items():
        number = int(name[1:])
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, (bool, int)):
                out += varint(number << 3) + varint(int(one))
            else:
                one = one.encode() if isinstance(one, str) else one
                out += varint(number << 3 | 2) + varint(len(one)) + one
    return out


def parse(data):
    """Field number -> list of values."""
    fields, at = {}, 0

    def read():
        nonlocal at
        shift = value = 0
        while True:
            octet = data[at]
            at += 1
            value |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                return value

    while at < len(data):
        key = read()
        if key & 7 == 0:
            value = read()
        elif key & 7 == 2:
            length = read()
            value = data[at:at + length]
            at += length
        elif key & 7 == 1:
            value = data[at:at + 8]
            at += 8
        else:
            value = data[at:at + 4]
            at += 4
        fields.setdefault(key >> 3, []).append(value)
    return fields


def get(fields, *path):
    """The last value at a path of field numbers; None when absent."""
    for depth, number in enumerate(path):
        values = fields.get(number)
        if not values:
            return None
        if depth == len(path) - 1:
            return values[-1]
        fields = parse(values[-1])
    return fields


# --- transport --------------------------------------------------------------------------------------------------------------------------

def identity(data):
    return data


def unary(channel, path, request, timeout=TIMEOUT):
    return parse(channel.unary_unary(path, identity, identity)(request, timeout=timeout))


def status_of(channel, path, request):
    try:
        unary(channel, path, request)
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()


def check(name, actual, expected):
    good = expected(actual) if callable(expected) else actual == expected
    checks.append(good)
    print(("ok   " if good else "FAIL ") + name + ("" if good else ": got %r, expected %r" % (actual, expected)), flush=True)


def mce(key):
    """Memcomparable encoding: groups of 8, zero padded, each followed by 0xFF minus the padding."""
    out = b""
    for at in range(0, len(key) + 1, 8):
        group = key[at:at + 8]
        out += group + b"\0" * (8 - len(group)) + bytes([0xFF - (8 - len(group))])
    return out


# --- PD ---------------------------------------------------------------------------------------------------------------------------------

class Pd:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        members = unary(self.channel, "/pdpb.PD/GetMembers", b"")
        self.cluster_id = get(members, 1, 1)
        url = get(members, 3, 4)
        check("GetMembers names the cluster and a leader with a client URL", (self.cluster_id, url), lambda got: got[0] and got[1].startswith(b"http://"))
        self.channel = grpc.insecure_channel(url.decode().split("//")[1])
        self.header = message(f1=self.cluster_id)
        self.requests = []
        self.wake = threading.Condition()
        self.stream = self.channel.stream_stream("/pdpb.PD/Tso", identity, identity)(self._outgoing())

    def _outgoing(self):
        while True:
            with self.wake:
                while not self.requests:
                    self.wake.wait()
                request = self.requests.pop(0)
            if request is None:
                return
            yield request

    def _send(self, request):
        with self.wake:
            self.requests.append(request)
            self.wake.notify()

    def timestamps(self, count):
        """The physical and logical parts of the last of a batch, and its size."""
        self._send(message(f1=self.header, f2=count))
        answer = parse(next(self.stream))
        return get(answer, 3, 1), get(answer, 3, 2) or 0, get(answer, 2)

    def timestamp(self):
        physical, logical, _ = self.timestamps(1)
        return physical << 18 | logical

    def close(self):
        self._send(None)


def check_pd(pd):
    newest = 0
    for count in [1, 1, 10, 1000, 1] * 10:
        physical, logical, echoed = pd.timestamps(count)
        first = (physical << 18 | logical) - count + 1
        if first <= newest or echoed != count:
            check("timestamps ascend and counts are echoed", (first, echoed), "above %d, %d" % (newest, count))
            return
        newest = first + count - 1
    check("timestamps ascend over a stream, in batches and alone", True, True)
    check("a client of another cluster is refused", status_of(pd.channel, "/pdpb.PD/GetRegion", message(f1=message(f1=1))), grpc.StatusCode.FAILED_PRECONDITION)
    check("an unknown method is unimplemented", status_of(pd.channel, "/pdpb.PD/NoSuchMethod", b""), grpc.StatusCode.UNIMPLEMENTED)
    check("an unknown service is unimplemented", status_of(pd.channel, "/no.Service/Method", b""), grpc.StatusCode.UNIMPLEMENTED)
    check("health is SERVING", get(unary(pd.channel, "/grpc.health.v1.Health/Check", b""), 1), 1)
    check("a timeout that passed is a deadline exceeded", deadline(pd), grpc.StatusCode.DEADLINE_EXCEEDED)
    check("etcd lists the member", get(unary(pd.channel, "/etcdserverpb.Cluster/MemberList", b""), 2, 4), lambda url: url and url.startswith(b"http://"))
    moved = unary(pd.channel, "/pdpb.PD/UpdateGCSafePoint", message(f1=pd.header, f2=123))
    check("the safe point moves", get(moved, 2), 123)
    saved = unary(pd.channel, "/etcdserverpb.KV/Range", message(f1="/tidb/store/gcworker/saved_safe_point"))
    check("etcd shows the safe point to older clients", get(saved, 2, 5), b"123")


def deadline(pd):
    try:
        watch = pd.channel.unary_stream("/keyspacepb.Keyspace/WatchKeyspaces", identity, identity)(message(f1=pd.header), timeout=0.3)
        for _ in watch:
            pass
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()


# --- storage ----------------------------------------------------------------------------------------------------------------------------

class Store:
    def __init__(self, pd, region_key):
        region = unary(pd.channel, "/pdpb.PD/GetRegion", message(f1=pd.header, f2=region_key))
        self.region_id, self.epoch = get(region, 2, 1), get(region, 2, 4)
        self.peer = get(region, 3)
        self.store_id = get(region, 3, 2)
        store = unary(pd.channel, "/pdpb.PD/GetStore", message(f1=pd.header, f2=self.store_id))
        self.address = get(store, 2, 2).decode()
        check("PD tells the region of a key, its leader and the leader's address", (self.region_id, self.store_id, self.address), lambda got: all(got))
        self.channel = grpc.insecure_channel(self.address)

    def context(self, **other):
        fields = dict(f1=self.region_id, f2=self.epoch, f3=self.peer)
        fields.update(other)
        return message(**fields)

    def call(self, method, request):
        return unary(self.channel, "/tikvpb.Tikv/" + method, request)


def check_raw(store):
    context = store.context()
    put = store.call("RawPut", message(f1=context, f2="foreign-raw", f3="value"))
    check("RawPut has neither a region error nor an error", (get(put, 1), get(put, 2)), (None, None))
    check("RawGet returns it", get(store.call("RawGet", message(f1=context, f2="foreign-raw")), 3), b"value")
    check("RawGet of nothing says not found", get(store.call("RawGet", message(f1=context, f2="foreign-none")), 4), 1)
    pairs = [message(f2="foreign-raw%d" % i, f3="v%d" % i) for i in range(5)]
    store.call("RawBatchPut", message(f1=context, f2=pairs))
    scan = store.call("RawScan", message(f1=context, f2="foreign-raw0", f3=3, f7="foreign-raw9"))
    check("RawScan keeps order and limit", [get(parse(kv), 2) for kv in scan.get(2, [])], [b"foreign-raw0", b"foreign-raw1", b"foreign-raw2"])
    swap = store.call("RawCompareAndSwap", message(f1=context, f2="foreign-raw", f3="new", f5="value"))
    check("RawCompareAndSwap swaps", (get(swap, 3), get(swap, 5)), (1, b"value"))
    store.call("RawDelete", message(f1=context, f2="foreign-raw"))
    check("RawDelete deletes", get(store.call("RawGet", message(f1=context, f2="foreign-raw")), 4), 1)


def prewrite(store, start, mutations, primary):
    return store.call("KvPrewrite", message(f1=store.context(), f2=mutations, f3=primary, f4=start, f5=3000, f8=len(mutations)))


def check_transactions(pd, store):
    start = pd.timestamp()
    mutations = [message(f1=0, f2="foreign-a", f3="1"), message(f1=0, f2="foreign-b", f3="2")]
    check("KvPrewrite locks", prewrite(store, start, mutations, "foreign-a").get(2), None)
    locked = store.call("KvGet", message(f1=store.context(), f2="foreign-a", f3=pd.timestamp()))
    check("KvGet meets the lock with its primary and start", (get(locked, 2, 1, 1), get(locked, 2, 1, 2)), (b"foreign-a", start))
    other = prewrite(store, pd.timestamp(), mutations[:1], "foreign-a")
    check("a second transaction is told of the lock", get(other, 2, 1, 2), start)
    committed = pd.timestamp()
    commit = store.call("KvCommit", message(f1=store.context(), f2=start, f3=["foreign-a", "foreign-b"], f4=committed))
    check("KvCommit commits", (get(commit, 1), get(commit, 2)), (None, None))
    now = pd.timestamp()
    check("KvGet reads it afterwards", get(store.call("KvGet", message(f1=store.context(), f2="foreign-a", f3=now)), 3), b"1")
    check("KvGet before it does not", get(store.call("KvGet", message(f1=store.context(), f2="foreign-a", f3=committed - 1)), 4), 1)
    scan = store.call("KvScan", message(f1=store.context(), f2="foreign-", f3=10, f4=now))
    check("KvScan lists both", [get(parse(kv), 2) for kv in scan.get(2, [])], [b"foreign-a", b"foreign-b"])
    late = prewrite(store, start + 1, mutations[:1], "foreign-a")
    check("a write below a commit is a conflict", get(late, 2, 4, 5), committed)
    check_abandoned(pd, store)
    check_one_phase(pd, store)


def check_abandoned(pd, store):
    """A lock whose owner is gone is rolled back through its primary."""
    start = pd.timestamp()
    lock = message(f1=store.context(), f2=message(f1=0, f2="foreign-c", f3="3"), f3="foreign-c", f4=start, f5=1, f8=1)
    store.call("KvPrewrite", lock)
    fate, until = {}, time.monotonic() + TIMEOUT
    while get(fate, 5) != 1 and time.monotonic() < until:
        now = pd.timestamp()
        fate = store.call("KvCheckTxnStatus", message(f1=store.context(), f2="foreign-c", f3=start, f4=now, f5=now))
    check("KvCheckTxnStatus rolls back what has run out", (get(fate, 3), get(fate, 4), get(fate, 5)), (None, None, 1))
    check("the key is free", get(store.call("KvGet", message(f1=store.context(), f2="foreign-c", f3=pd.timestamp())), 4), 1)
    back = store.call("KvCommit", message(f1=store.context(), f2=start, f3="foreign-c", f4=pd.timestamp()))
    check("it can no longer commit", back.get(2), lambda error: error is not None)


def check_one_phase(pd, store):
    start = pd.timestamp()
    one = store.call("KvPrewrite", message(
        f1=store.context(), f2=message(f1=0, f2="foreign-d", f3="4"), f3="foreign-d", f4=start, f5=3000, f8=1, f10=start + 1, f11=True, f13=True))
    check("one phase commits at once", get(one, 4), lambda ts: ts and ts > start)
    check("and is read", get(store.call("KvGet", message(f1=store.context(), f2="foreign-d", f3=pd.timestamp())), 3), b"4")


def check_region_errors(pd, store):
    def error(context):
        return parse(get(store.call("KvGet", message(f1=context, f2="foreign-a", f3=pd.timestamp())), 1) or b"")

    old = error(store.context(f2=message(f1=get(parse(store.epoch), 1), f2=99)))
    check("a wrong epoch is EpochNotMatch with the current region", get(old, 5, 1, 1), store.region_id)
    check("an unknown region is RegionNotFound", get(error(store.context(f1=987654)), 3, 1), 987654)
    stranger = error(store.context(f3=message(f1=1, f2=store.store_id + 1000)))
    check("another store's id is StoreNotMatch", (get(stranger, 8, 1), get(stranger, 8, 2)), (store.store_id + 1000, store.store_id))
    check("no method of that name on storage", status_of(store.channel, "/tikvpb.Tikv/KvNothing", b""), grpc.StatusCode.UNIMPLEMENTED)


def check_batch(pd, store):
    context, now = store.context(), pd.timestamp()
    requests = [
        message(f1=message(f1=context, f2="foreign-a", f3=now)),
        message(f15=message(f1=context, f2="foreign-batch", f3="raw")),
        message(f255=message(f1=42)),
    ]
    sent = threading.Event()

    def outgoing():
        yield message(f1=requests, f2=[101, 102, 103])
        sent.wait(TIMEOUT)

    answers = {}
    stream = store.channel.stream_stream("/tikvpb.Tikv/BatchCommands", identity, identity)(outgoing(), timeout=TIMEOUT)
    for part in stream:
        fields = parse(part)
        ids = fields.get(2, [])
        ids = unpack(ids)
        answers.update(zip(ids, (parse(one) for one in fields.get(1, []))))
        if len(answers) == 3:
            sent.set()
            break
    stream.cancel()
    check("BatchCommands answers by id: a get", get(answers[101], 1, 3), b"1")
    check("BatchCommands answers by id: a raw put", (15 in answers[102], get(answers[102], 15, 1)), (True, None))
    check("BatchCommands answers by id: the empty command", get(answers[103], 255, 1), 42)


def unpack(values):
    """Repeated numbers come packed, as proto3 has it, or one by one."""
    numbers = []
    for value in values:
        if isinstance(value, int):
            numbers.append(value)
            continue
        number = shift = 0
        for octet in value:
            number |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                numbers.append(number)
                number = shift = 0
    return numbers


def main():
    pd = Pd(sys.argv[1])
    check_pd(pd)
    check_raw(Store(pd, b"foreign-raw"))
    store = Store(pd, mce(b"foreign-a"))
    check_transactions(pd, store)
    check_region_errors(pd, store)
    check_batch(pd, store)
    pd.close()
    print("%d checks, %d failed" % (len(checks), checks.count(False)))
    sys.exit(0 if all(checks) else 1)


main()
