"""Sends a file with FileTransfer.FileService and asyncio.

usage: filetransfer_async_client.py HOST:PORT FILE NAME

Needs grpcio, and the modules that protoc makes of
proto/filetransfer/file_transfer.proto.
"""

import asyncio
import sys

import grpc

import file_transfer_pb2 as pb
import file_transfer_pb2_grpc as pb_grpc

CHUNK_BYTES = 1024 * 1024


async def main(address, path, name):
    async with grpc.aio.insecure_channel(address) as channel:
        call = pb_grpc.FileServiceStub(channel).Upload(metadata=(("filename-bin", name.encode()),))
        with open(path, "rb") as file:
            while data := file.read(CHUNK_BYTES):
                await call.write(pb.Chunk(data=data))
        await call.write(pb.Chunk())  # the end
        await call.done_writing()
        print((await call).message)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
