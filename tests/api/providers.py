"""WhatsApp's interface on loopback, and the services beside DynamoDB: what they were asked, and what they answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from botocore.exceptions import ClientError

TOKEN = "tok-Zk3v9QmT7xWb2LrN8cYp5HdJ6sFgA4eU"
PHONE = "+27821234567"


@dataclass(slots=True)
class Provider:
    """WhatsApp's interface on loopback: what it was sent, and what it is to answer."""

    url: str
    requests: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    status: int = 200
    answer: bytes = b'{"messaging_product": "whatsapp", "messages": [{"id": "wamid.1"}]}'

    @property
    def codes(self) -> list[str]:
        """The codes it was given to carry."""
        return [sent["template"]["components"][0]["parameters"][0]["text"] for _, sent in self.requests]


@dataclass(slots=True)
class Services:
    """The services beside DynamoDB, as far as sign-in asks them; a test may let one fail."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    token: str = TOKEN

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any call
        def call(**named: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3's
            self.asked.append((name, named))
            if name in self.failing:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": PHONE}}, name)
            if name == "get_secret_value":
                return {"SecretString": self.token}
            return {"Groups": [{"GroupName": group} for group in self.groups]}

        return call


@contextmanager
def listening_provider() -> Iterator[Provider]:
    """A provider on a free port, for as long as this lasts."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent = json.loads(self.rfile.read(int(headers["content-length"])))
            listening.requests.append((headers, sent))
            self.send_response(listening.status)
            self.send_header("Content-Length", str(len(listening.answer)))
            self.end_headers()
            self.wfile.write(listening.answer)

        def log_message(self, *_given: object) -> None:
            """Silence: tests are quiet."""

    server = HTTPServer(("127.0.0.1", 0), Answering)
    listening = Provider(f"http://127.0.0.1:{server.server_port}/v1/messages")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield listening
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
