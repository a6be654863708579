"""Speaks lanes as docs/lanes.md describes them, with sockets and the generated messages
alone, and prints a line for each step.

usage: lane_client.py HOST:PORT TOKEN

Needs grpcio for GetServerInfo, and the modules that protoc makes of
proto/tranship/v1/file_service.proto and proto/tranship/v1/lane.proto.
"""

import hashlib
import socket
import struct
import sys

import grpc

from tranship.v1 import file_service_pb2 as pb
from tranship.v1 import file_service_pb2_grpc as pb_grpc
from tranship.v1 import lane_pb2 as lane

PREFACE = b"TRANSHIP-LANE/1\n"
HEADERS, RESPONSE_HEADERS, MESSAGE, END, STATUS, CANCEL, PING, PONG, GOING_AWAY = range(1, 10)
UPLOAD, DOWNLOAD = "/tranship.v1.FileService/Upload", "/tranship.v1.FileService/Download"
CODES = {code.value[0]: code.name for code in grpc.StatusCode}


class Lane:
    """A connection that carries one call at a time."""

    def __init__(self, address, instance):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.socket.sendall(PREFACE)
        if self.exactly(len(PREFACE)) != PREFACE:
            sys.exit("the answer is not the preface")
        told = self.exactly(self.exactly(1)[0]).decode()
        if told != instance:
            sys.exit("another instance answers: %s, not %s" % (told, instance))
        self.ended = self.going = False

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError("the server has closed the lane")
            data += more
        return data

    def send(self, kind, payload=b""):
        self.socket.sendall(struct.pack(">BI", kind, len(payload)) + payload)

    def receive(self):
        """Returns the next frame that is no ping."""
        while True:
            kind, length = struct.unpack(">BI", self.exactly(5))
            payload = self.exactly(length)
            if kind == PING:
                self.send(PONG, payload)
            elif kind == GOING_AWAY:
                self.going = True
            else:
                return kind, payload

    def begin(self, method, secret, **fields):
        authorization = lane.LaneMetadata(key="authorization", value=("Bearer " + secret).encode())
        headers = lane.LaneHeaders(method=method, metadata=[authorization] if secret else [], **fields)
        self.send(HEADERS, headers.SerializeToString())
        self.ended = False

    def message(self, message):
        self.send(MESSAGE, message.SerializeToString())

    def end(self, kind=END):
        self.send(kind)
        self.ended = True

    def replies(self, response):
        """Yields the messages of the server until its status, which it keeps."""
        while True:
            kind, payload = self.receive()
            if kind == MESSAGE:
                yield response.FromString(payload)
            elif kind == STATUS:
                outcome = lane.LaneStatus.FromString(payload)
                self.code = CODES[outcome.status.code] if outcome.HasField("status") else "OK"
                break
            elif kind != RESPONSE_HEADERS:
                sys.exit("a frame of kind %d within a call" % kind)
        if not self.ended:
            self.end(CANCEL)

    def rest(self, response):
        """Drops the messages until the status, and returns its code."""
        for _ in self.replies(response):
            pass
        return self.code

    def ping(self, payload):
        self.send(PING, payload)
        return self.receive() == (PONG, payload)


def content(n):
    """Returns n bytes without repetition."""
    blocks = (hashlib.sha256(struct.pack(">I", i)).digest() for i in range(n // 32 + 1))
    return b"".join(blocks)[:n]


def uploaded(to):
    """Returns what became of the slots, in order, and the code of the call."""
    slots = {}
    for reply in to.replies(pb.UploadResponse):
        if reply.HasField("finished"):
            slots[reply.finished.slot] = str(reply.finished.file.size)
        if reply.HasField("failed"):
            slots[reply.failed.slot] = CODES[reply.failed.status.code]
    return [slots[slot] for slot in sorted(slots)] + [to.code]


def download(of, secret, path, want):
    of.begin(DOWNLOAD, secret)
    of.message(pb.DownloadRequest(open=pb.Open(slot=1, path=path)))
    of.end()
    data, done = b"", False
    for reply in of.replies(pb.DownloadResponse):
        if reply.HasField("chunk"):
            data += reply.chunk.data
        done = done or reply.HasField("done")
    return "same" if data == want and done else "different", of.code


def main(address, secret):
    token = (("authorization", "Bearer " + secret),)
    with grpc.insecure_channel(address) as channel:
        info = pb_grpc.FileServiceStub(channel).GetServerInfo(pb.GetServerInfoRequest(), metadata=token, timeout=60)
    print("version:", info.lanes.version)
    small, large, chunk = content(1000), content(3 << 20), 1 << 20
    l = Lane(address, info.lanes.instance_id)
    print("ping before a call:", l.ping(b"12345678"))

    l.begin(UPLOAD, secret)
    l.message(pb.UploadRequest(put=pb.Put(slot=1, path="small", data=small)))
    l.message(pb.UploadRequest(begin=pb.Begin(slot=2, path="large", size=len(large))))
    for offset in range(0, len(large), chunk):
        l.message(pb.UploadRequest(chunk=pb.Chunk(slot=2, offset=offset, data=large[offset:offset + chunk])))
    l.message(pb.UploadRequest(finish=pb.Finish(slot=2, size=len(large))))
    l.end()
    print("upload:", *uploaded(l))
    print("download small:", *download(l, secret, "small", small))
    print("download large:", *download(l, secret, "large", large))

    # The first chunk has come, and more are under way.
    l.begin(DOWNLOAD, secret)
    l.message(pb.DownloadRequest(open=pb.Open(slot=1, path="large")))
    for reply in l.replies(pb.DownloadResponse):
        if reply.HasField("chunk"):
            break
    l.end(CANCEL)
    print("cancelled:", l.rest(pb.DownloadResponse))
    print("download after cancel:", *download(l, secret, "small", small))

    # A cancel after the end has no further effect, whether the call has ended or not.
    l.begin(DOWNLOAD, secret)
    l.message(pb.DownloadRequest(open=pb.Open(slot=1, path="small")))
    l.end()
    l.rest(pb.DownloadResponse)
    l.end(CANCEL)
    print("download after a late cancel:", *download(l, secret, "small", small))

    # The server ends calls that the client has not.
    l.begin(UPLOAD, secret)
    l.message(pb.UploadRequest())
    l.message(pb.UploadRequest(put=pb.Put(slot=1, path="dropped", data=small)))
    print("empty request:", *uploaded(l))
    l.begin(UPLOAD, secret, timeout={"nanos": 1000000})
    print("timeout:", *uploaded(l))
    l.begin("/tranship.v1.FileService/Other", secret)
    print("unknown method:", l.rest(pb.UploadResponse))
    l.begin("/tranship.v1.FileService/Stat", secret)
    print("a method of one message:", l.rest(pb.UploadResponse))
    l.begin(UPLOAD, secret)
    l.send(MESSAGE, bytes(info.max_message_bytes))
    print("largest message:", *uploaded(l))
    print("ping between calls:", l.ping(b"abcdefgh"))
    l.begin(UPLOAD, secret)
    print("ping within a call:", l.ping(b"\0\0\0\0\0\0\0\1"))
    l.message(pb.UploadRequest(put=pb.Put(slot=1, path="last", data=small)))
    l.end()
    print("upload:", *uploaded(l))
    l.begin(UPLOAD, "")
    print("no token:", l.rest(pb.UploadResponse))
    try:
        kind, _ = l.receive()
        print("then: a frame of kind", kind)
    except (EOFError, ConnectionError):
        print("then: closed,", "going away" if l.going else "without a frame")

    l = Lane(address, info.lanes.instance_id)
    l.begin(UPLOAD, secret)
    l.socket.sendall(struct.pack(">BI", MESSAGE, info.max_message_bytes + 1))
    print("larger message:", *uploaded(l))
    try:
        l.receive()
        print("then: a frame")
    except (EOFError, ConnectionError):
        print("then: closed")


if __name__ == "__main__":
    main(*sys.argv[1:])
