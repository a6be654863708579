"""Serves FileSrv below the current directory, as the tutorial does.

usage: filesrv_server.py [--quirks]

Prints the port it listens on. With --quirks it errs as existing servers are known
to: a header that lacks either field is ignored, and the file lands in "dummy"; all
files of one call end up in the last name; a missing file is an empty answer. Needs
grpcio, and the modules that protoc makes of proto/filesrv/v1/filesrv.proto.
"""

import os
import sys
from concurrent import futures

import grpc

import filesrv_pb2 as pb
import filesrv_pb2_grpc as pb_grpc

CHUNK_BYTES = 1024 * 1024


class FileSrv(pb_grpc.FileSrvServicer):
    def __init__(self, quirks):
        self.quirks = quirks

    def UploadFile(self, request_iterator, context):
        path, data = "dummy", bytearray()
        for request in request_iterator:
            if not request.HasField("header"):
                data += request.chunk_data
            elif request.header.filename and request.header.extension or not self.quirks:
                path = request.header.filename + request.header.extension
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return pb.StringResponse(message="Success!")

    def DownloadFile(self, request, context):
        path = request.filename + request.extension
        if not os.path.isfile(path):
            if self.quirks:
                return
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filepath: {path}")
        with open(path, "rb") as file:
            chunk = file.read(CHUNK_BYTES)
            if not self.quirks:
                yield pb.FileResponse(chunk_data=chunk)
                chunk = file.read(CHUNK_BYTES)
            while chunk:
                yield pb.FileResponse(chunk_data=chunk)
                chunk = file.read(CHUNK_BYTES)


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    pb_grpc.add_FileSrvServicer_to_server(FileSrv("--quirks" in sys.argv), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
