"""Serves FileTransfer.FileService in the current directory, as the tutorial does:
every file is received_file.bin.

usage: filetransfer_server.py

Prints the port it listens on. Needs grpcio, and the modules that protoc makes of
proto/filetransfer/file_transfer.proto.
"""

from concurrent import futures

import grpc

import file_transfer_pb2 as pb
import file_transfer_pb2_grpc as pb_grpc

NAME = "received_file.bin"


class FileService(pb_grpc.FileServiceServicer):
    def Upload(self, request_iterator, context):
        with open(NAME, "wb") as file:
            for chunk in request_iterator:
                if not chunk.data:
                    break
                file.write(chunk.data)
        return pb.Response(message=f"File {NAME} received successfully.")


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    pb_grpc.add_FileServiceServicer_to_server(FileService(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
