"""What SNS says of text messages."""

from __future__ import annotations

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service

_SPACE = "http://sns.amazonaws.com/doc/2010-03-31/"


def tell_how_text_messages_are_limited(_: Grounds) -> None:
    """An account is in the SMS sandbox, and may spend one dollar a month: what AWS gives a new account.

    MiniStack knows neither question, so that nobody could see the answer that a first deployment gets.
    """
    sns = service("services.sns")
    answers = {
        "GetSMSSandboxAccountStatus": "<IsInSandbox>true</IsInSandbox>",
        "GetSMSAttributes": ("<attributes><entry><key>MonthlySpendLimit</key><value>1</value></entry></attributes>"),
    }

    def answering(original: Function) -> Function:
        async def handle(method: str, path: str, headers: Untyped, body: Untyped, query_params: Untyped) -> Untyped:
            asked = _action(body, query_params)
            if asked not in answers:
                return await original(method, path, headers, body, query_params)
            return 200, {"Content-Type": "text/xml"}, _document(asked, answers[asked])

        return handle

    replace(sns, "handle_request", ("method", "path", "headers", "body", "query_params"), answering)


def _action(body: Untyped, query: Untyped) -> str:
    from urllib.parse import parse_qs

    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    found = parse_qs(text).get("Action") or query.get("Action") or [""]
    return str(found[0] if isinstance(found, list) else found)


def _document(action: str, result: str) -> bytes:
    return (
        f'<{action}Response xmlns="{_SPACE}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    ).encode()
