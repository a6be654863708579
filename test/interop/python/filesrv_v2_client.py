"""Downloads files with revision 2 of FileSrv: several in one call.

usage: filesrv_v2_client.py [--no-metadata] HOST:PORT FILE|DIRECTORY|PATTERN

Files go below the current directory. Needs grpcio, and the modules that protoc
makes of proto/filesrv/v2/filesrv_v2.proto.
"""

import argparse
import os
import sys

import grpc

import filesrv_v2_pb2 as pb
import filesrv_v2_pb2_grpc as pb_grpc

REVISION = (("tranship-filesrv-revision", "2"),)


def create(header):
    path = header.filename + header.extension
    # A server may send any name.
    if os.path.isabs(path) or ".." in path.split("/"):
        raise ValueError(f"refused the name {path!r}")
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    return open(path, "wb")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-metadata", action="store_true", help="do not tell the server the revision")
    parser.add_argument("address")
    parser.add_argument("name")
    args = parser.parse_args()
    with grpc.insecure_channel(args.address) as channel:
        responses = pb_grpc.FileSrvStub(channel).DownloadFile(
            pb.FileHeader(filename=args.name), metadata=None if args.no_metadata else REVISION
        )
        file = None
        try:
            for response in responses:
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
    print("revision", dict(responses.initial_metadata()).get(REVISION[0][0]))


if __name__ == "__main__":
    main()
