"""Moves files with FileSrv, one call a file.

usage: filesrv_client.py [--gzip] [--one-stream] HOST:PORT upload|download FILE...

Files are named relative to the current directory, on both sides. Needs grpcio,
and the modules that protoc makes of proto/filesrv/v1/filesrv.proto.
"""

import argparse
import os
import sys

import grpc

import filesrv_pb2 as pb
import filesrv_pb2_grpc as pb_grpc

CHUNK_BYTES = 1024 * 1024


def header(path):
    filename, extension = os.path.splitext(path)
    return pb.FileHeader(filename=filename, extension=extension)


def requests(paths):
    for path in paths:
        yield pb.UploadRequest(header=header(path))
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield pb.UploadRequest(chunk_data=chunk)


def upload(stub, paths):
    response = stub.UploadFile(requests(paths))
    print(response.code, response.message)


def download(stub, path):
    responses = stub.DownloadFile(header(path))
    first = next(responses)  # fails here, before there is a file
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(first.chunk_data)
        for response in responses:
            file.write(response.chunk_data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gzip", action="store_true", help="compress requests")
    parser.add_argument("--one-stream", action="store_true", help="upload all files in one call")
    parser.add_argument("address")
    parser.add_argument("command", choices=["upload", "download"])
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    compression = grpc.Compression.Gzip if args.gzip else grpc.Compression.NoCompression
    failures = 0
    with grpc.insecure_channel(args.address, compression=compression) as channel:
        stub = pb_grpc.FileSrvStub(channel)
        if args.command == "upload":
            calls = [args.files] if args.one_stream else [[path] for path in args.files]
        else:
            calls = args.files
        for call in calls:
            try:
                upload(stub, call) if args.command == "upload" else download(stub, call)
            except grpc.RpcError as error:
                print(f"{error.code().name}: {error.details()}")
                failures += 1
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
