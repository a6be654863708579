"""Does what the comments of the proto describe at its edges, as a client would that was
written from them alone, and prints a line for each: what, and the codes.

usage: stranger_client.py HOST:PORT TOKEN

Needs grpcio, and the modules that protoc makes of
proto/tranship/v1/file_service.proto.
"""

import sys

import grpc

from tranship.v1 import file_service_pb2 as pb
from tranship.v1 import file_service_pb2_grpc as pb_grpc

CODES = {code.value[0]: code.name for code in grpc.StatusCode}


def show(what, *codes):
    print(what + ":", *codes)


def call(method, request, **options):
    """Makes a call with one message and returns the name of its code."""
    try:
        method(request, timeout=60, **options)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def upload(stub, requests, metadata, **options):
    """Sends requests, and returns a code for each slot in order, and that of the stream."""
    slots, responses = {}, stub.Upload(iter(requests), metadata=metadata, timeout=60, **options)
    end = "OK"
    try:
        for response in responses:
            if response.HasField("failed"):
                slots[response.failed.slot] = CODES[response.failed.status.code]
            if response.HasField("finished"):
                slots[response.finished.slot] = "OK"
    except grpc.RpcError as error:
        end = error.code().name
    return [slots[slot] for slot in sorted(slots)] + [end]


def put(slot, path, data=b"data", **fields):
    return pb.UploadRequest(put=pb.Put(slot=slot, path=path, data=data, **fields))


def begin(slot, **fields):
    return pb.UploadRequest(begin=pb.Begin(slot=slot, **fields))


def join(stub, token):
    """Writes both halves of an upload on two streams, and finishes the joined slot first."""
    from queue import Queue

    owner, joined = Queue(), Queue()
    half = 1 << 20
    owner.put(begin(1, path="joined", size=2 * half))
    owned = stub.Upload(iter(owner.get, None), metadata=token, timeout=60)
    begun = next(owned).begun
    if begun.part_size > half:
        sys.exit("the test needs parts of 1 MiB")
    joined.put(begin(1, mode=pb.Begin.MODE_JOIN, upload_id=begun.upload_id, epoch=begun.epoch))
    others = stub.Upload(iter(joined.get, None), metadata=token, timeout=60)
    joined.put(pb.UploadRequest(chunk=pb.Chunk(slot=1, offset=half, data=b"b" * half)))
    # All fields but slot are ignored: these are wrong.
    joined.put(pb.UploadRequest(finish=pb.Finish(slot=1, size=7, crc32c=7, check=7)))
    joined.put(None)
    codes = []
    for response in others:
        if response.HasField("finished"):
            codes.append("without a file" if not response.finished.HasField("file") else "with a file")
        if response.HasField("failed"):
            codes.append(CODES[response.failed.status.code])
    owner.put(pb.UploadRequest(chunk=pb.Chunk(slot=1, data=b"a" * half)))
    owner.put(pb.UploadRequest(finish=pb.Finish(slot=1, size=2 * half)))
    owner.put(None)
    for response in owned:
        if response.HasField("finished"):
            codes.append(str(response.finished.file.size))
        if response.HasField("failed"):
            codes.append(CODES[response.failed.status.code])
    show("join", *codes)


def main(address, secret):
    token = (("authorization", "Bearer " + secret),)
    with grpc.insecure_channel(address, options=[("grpc.max_metadata_size", 1 << 20)]) as channel:
        stub = pb_grpc.FileServiceStub(channel)
        info = stub.GetServerInfo(pb.GetServerInfoRequest(), metadata=token, timeout=60)
        ask = pb.GetServerInfoRequest()
        show("no token", call(stub.GetServerInfo, ask))
        show("lower case", call(stub.GetServerInfo, ask, metadata=(("authorization", "bearer " + secret),)))
        show("another scheme", call(stub.GetServerInfo, ask, metadata=(("authorization", "Basic " + secret),)))
        show("two tokens", call(stub.GetServerInfo, ask, metadata=token + token))
        show("large headers", call(stub.GetServerInfo, ask, metadata=token + (("x", "y" * 40000),)))
        show("headers below the limit", call(stub.GetServerInfo, ask, metadata=token + (("x", "y" * 30000),)))
        show("gzip", *upload(stub, [put(1, "gzip", b"a" * 100000)], token, compression=grpc.Compression.Gzip))
        show("deflate", *upload(stub, [put(1, "deflate", b"a" * 100000)], token, compression=grpc.Compression.Deflate))
        show("unknown mode", *upload(stub, [begin(1, path="mode", mode=99), put(2, "after mode")], token))
        show("unknown durability", *upload(stub, [put(1, "durability", durability=99), put(2, "after durability")], token))
        show("empty message", *upload(stub, [pb.UploadRequest()], token))
        show("large data", *upload(stub, [put(1, "large", b"a" * (info.max_put_bytes + 1)), put(2, "after large")], token))
        show("large message", *upload(stub, [put(1, "message", b"a" * (info.max_message_bytes + 1))], token))
        show("unfinished", *upload(stub, [begin(1, path="unfinished")], token))
        join(stub, token)


if __name__ == "__main__":
    main(*sys.argv[1:])
