"""Downloads files with revision 2 of FileSrv and asyncio: several in one call.

usage: filesrv_v2_async_client.py HOST:PORT FILE|DIRECTORY|PATTERN

Files go below the current directory. Needs grpcio, and the modules that protoc
makes of proto/filesrv/v2/filesrv_v2.proto.
"""

import asyncio
import os
import sys

import grpc

import filesrv_v2_pb2 as pb
import filesrv_v2_pb2_grpc as pb_grpc


def create(header):
    path = header.filename + header.extension
    # A server may send any name.
    if os.path.isabs(path) or ".." in path.split("/"):
        raise ValueError(f"refused the name {path!r}")
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    return open(path, "wb")


async def main(address, name):
    async with grpc.aio.insecure_channel(address) as channel:
        call = pb_grpc.FileSrvStub(channel).DownloadFile(
            pb.FileHeader(filename=name), metadata=(("tranship-filesrv-revision", "2"),)
        )
        file = None
        try:
            async for response in call:
                if response.HasField("header"):
                    if file:
                        file.close()
                    file = create(response.header)
                else:
                    file.write(response.chunk_data)
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")
        finally:
            if file:
                file.close()
        print("revision", (await call.initial_metadata()).get("tranship-filesrv-revision"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
