"""Answers compressed for browsers that can unpack them. What never changes is packed once and kept.

A page that repeats what was typed, beside a secret, lets a listener guess the secret from lengths; the file name in the
gzip header has a random length against that, and no other site can make a browser send our cookies with a form.
"""

import gzip
import secrets
from contextlib import closing
from io import BytesIO
from typing import Any, cast

from flask import Flask, Response, request

_TYPES = {"text/html", "text/css", "text/javascript", "image/svg+xml", "application/json", "text/csv", "text/plain"}
_SMALLEST = 600  # bytes; below, the packet is no fuller without it
_PAGE, _KEPT = 5, 9  # how hard to press: a page on every request, a file once


def install(app: Flask) -> None:
    packed: dict[str, bytes] = {}

    def squeeze(response: Response) -> Response:
        if not _worth_it(response):
            return response
        if request.endpoint == "static":
            content = _kept(packed, response)
            response.direct_passthrough = False
            response.set_data(content)
        else:
            response.set_data(_pack(response.get_data(), _PAGE))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
        etag = response.get_etag()[0]
        if etag:
            response.set_etag(etag, weak=True)  # the same file in other bytes
        return response

    app.after_request(squeeze)


def _worth_it(response: Response) -> bool:
    return (
        response.status_code not in {204, 206, 304}
        and request.method != "HEAD"
        and response.mimetype in _TYPES
        and "Content-Encoding" not in response.headers
        and request.accept_encodings["gzip"] > 0
        and (request.endpoint == "static" or not response.is_streamed)
        and (response.content_length or 0) >= _SMALLEST
    )


def _kept(packed: dict[str, bytes], response: Response) -> bytes:
    name = f"{request.path} {response.get_etag()[0]}"
    with closing(cast("Any", response.response)):  # the open file
        if name not in packed:
            packed[name] = _pack(b"".join(response.iter_encoded()), _KEPT)
    return packed[name]


def _pack(content: bytes, level: int) -> bytes:
    target = BytesIO()
    name = "-" * secrets.randbelow(48)
    with gzip.GzipFile(filename=name, mode="wb", compresslevel=level, fileobj=target, mtime=0) as file:
        file.write(content)
    return target.getvalue()
