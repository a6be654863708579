"""Moves a file with Tranship's own protocol: the shortest client that is correct.

usage: tranship_client.py HOST:PORT upload|put|download FILE PATH

Needs grpcio, and the modules that protoc makes of
proto/tranship/v1/file_service.proto.
"""

import os
import sys

import grpc

from tranship.v1 import file_service_pb2 as pb
from tranship.v1 import file_service_pb2_grpc as pb_grpc

CHUNK_BYTES = 256 * 1024


def upload(stub, file, path):
    def requests():
        yield pb.UploadRequest(begin=pb.Begin(slot=1, path=path, size=os.path.getsize(file)))
        with open(file, "rb") as source:
            while data := source.read(CHUNK_BYTES):
                yield pb.UploadRequest(chunk=pb.Chunk(slot=1, data=data))
        yield pb.UploadRequest(finish=pb.Finish(slot=1))

    report(stub.Upload(requests()))


def put(stub, file, path):
    with open(file, "rb") as source:
        request = pb.UploadRequest(put=pb.Put(slot=1, path=path, data=source.read()))
    report(stub.Upload(iter([request])))


def report(responses):
    for response in responses:
        if response.HasField("failed"):
            sys.exit(response.failed.status.message)
        if response.HasField("finished"):
            print(response.finished.file.path, response.finished.file.size)


def download(stub, file, path):
    request = pb.DownloadRequest(open=pb.Open(slot=1, path=path))
    with open(file, "wb") as target:
        for response in stub.Download(iter([request])):
            if response.HasField("failed"):
                sys.exit(response.failed.status.message)
            if response.HasField("chunk"):
                target.write(response.chunk.data)


def main(address, command, file, path):
    with grpc.insecure_channel(address) as channel:
        stub = pb_grpc.FileServiceStub(channel)
        {"upload": upload, "put": put, "download": download}[command](stub, file, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
