"""Uploads a file with tuspy, until a length or to its end.

A later run continues where the server says, at the URL that is kept in STORAGE.

usage: tus_client.py URL FILE PATH CHUNK_BYTES STOP_AT STORAGE CLASS
"""

import asyncio
import sys

from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage

endpoint, file, path, chunk, stop, storage, kind = sys.argv[1:]
options = dict(
    file_path=file,
    chunk_size=int(chunk),
    metadata={"path": path},
    store_url=True,
    url_storage=FileStorage(storage),
    upload_checksum=True,
)


def began(uploader):
    print("continued at", uploader.offset)
    return uploader


client = TusClient(endpoint)
if kind == "async":
    asyncio.run(began(client.async_uploader(**options)).upload(stop_at=int(stop)))
else:
    began(client.uploader(**options)).upload(stop_at=int(stop))
