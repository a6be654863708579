"""Serves revision 2 of FileSrv below the current directory.

usage: filesrv_v2_server.py [--no-metadata] [--hostile NAME]

Prints the port it listens on. With --no-metadata it does not tell that it speaks
revision 2. With --hostile it sends a file of that name, whatever is asked for.
Needs grpcio, and the modules that protoc makes of
proto/filesrv/v2/filesrv_v2.proto.
"""

import argparse
import glob
import os
from concurrent import futures

import grpc

import filesrv_v2_pb2 as pb
import filesrv_v2_pb2_grpc as pb_grpc

CHUNK_BYTES = 1024 * 1024


def find(name):
    if os.path.isfile(name):
        return [name]
    if os.path.isdir(name):
        name = os.path.join(glob.escape(name), "**")
    return sorted(path for path in glob.glob(name, recursive=True) if os.path.isfile(path))


def header(path):
    filename, extension = os.path.splitext(path)
    return pb.FileResponse(header=pb.FileHeader(filename=filename, extension=extension))


class FileSrv(pb_grpc.FileSrvServicer):
    def __init__(self, args):
        self.args = args

    def DownloadFile(self, request, context):
        if not self.args.no_metadata:
            context.send_initial_metadata((("tranship-filesrv-revision", "2"),))
        if self.args.hostile:
            yield header(self.args.hostile)
            yield pb.FileResponse(chunk_data=b"evil")
            return
        name = request.filename + request.extension
        paths = find(name)
        if not paths:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filepath: {name}")
        for path in paths:
            yield header(path)
            with open(path, "rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield pb.FileResponse(chunk_data=chunk)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-metadata", action="store_true")
    parser.add_argument("--hostile")
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    pb_grpc.add_FileSrvServicer_to_server(FileSrv(parser.parse_args()), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
