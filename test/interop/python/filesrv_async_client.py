"""Moves files with FileSrv and asyncio, all at once.

usage: filesrv_async_client.py HOST:PORT upload|download FILE...

Files are named relative to the current directory, on both sides. Needs grpcio,
and the modules that protoc makes of proto/filesrv/v1/filesrv.proto.
"""

import asyncio
import os
import sys

import grpc

import filesrv_pb2 as pb
import filesrv_pb2_grpc as pb_grpc

CHUNK_BYTES = 1024 * 1024


def header(path):
    filename, extension = os.path.splitext(path)
    return pb.FileHeader(filename=filename, extension=extension)


async def requests(path):
    yield pb.UploadRequest(header=header(path))
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield pb.UploadRequest(chunk_data=chunk)


async def upload(stub, path):
    response = await stub.UploadFile(requests(path))
    print(response.code, response.message)


async def download(stub, path):
    file = None
    async for response in stub.DownloadFile(header(path)):
        if file is None:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            file = open(path, "wb")
        file.write(response.chunk_data)
    file.close()


async def main(address, command, files):
    work = {"upload": upload, "download": download}[command]
    async with grpc.aio.insecure_channel(address) as channel:
        stub = pb_grpc.FileSrvStub(channel)
        results = await asyncio.gather(*(work(stub, path) for path in files), return_exceptions=True)
    errors = [result for result in results if result is not None]
    for error in errors:
        print(f"{error.code().name}: {error.details()}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:])))
