"""Sends a file with FileTransfer.FileService.

usage: filetransfer_client.py HOST:PORT FILE [NAME]

Without a NAME the server chooses one. Needs grpcio, and the modules that protoc
makes of proto/filetransfer/file_transfer.proto.
"""

import sys

import grpc

import file_transfer_pb2 as pb
import file_transfer_pb2_grpc as pb_grpc

CHUNK_BYTES = 1024 * 1024


def chunks(path):
    with open(path, "rb") as file:
        while data := file.read(CHUNK_BYTES):
            yield pb.Chunk(data=data)
    yield pb.Chunk()  # the end


def metadata(name):
    if name is None:
        return None
    if name.isascii():
        return (("filename", name),)
    return (("filename-bin", name.encode()),)


def main(address, path, name=None):
    with grpc.insecure_channel(address) as channel:
        try:
            response = pb_grpc.FileServiceStub(channel).Upload(chunks(path), metadata=metadata(name))
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")
    print(response.message)


if __name__ == "__main__":
    main(*sys.argv[1:])
