"""What the marketplace before this one did, each as an edit of this one's source that makes it do the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relapse:
    """In `file` of `khaya_api`, `right` becomes `wrong`; `record` is the row of docs/incidents.md."""

    record: str
    file: str
    right: str
    wrong: str


RELAPSES: tuple[Relapse, ...] = (
    Relapse("C01", "ledger.py", 'index="UserIndex"', 'index="id"'),
    Relapse(
        "C02", "referrals.py", 'Slice(noun="referrals", index="CodeIndex"', 'Slice(noun="Referrals", index="CodeIndex"'
    ),
    Relapse(
        "C03",
        "jobs.py",
        'read_or(no_job, Job, "jobs", kit.store.find("jobs", job_id))',
        'read_or(no_job, Job, "jobs", kit.store.get("jobs", {"id": job_id}))',
    ),
    Relapse("C04", "jobs.py", '{"id": str(row["id"]), "createdAt": str(row["createdAt"])}', '{"id": str(row["id"])}'),
    Relapse(
        "C05",
        "users.py",
        "{name: _clean(name, value) for name, value in known.items() if value}",
        "{name: _clean(name, value) if value else None for name, value in known.items()}",
    ),
    Relapse("C06", "profiles.py", '            "trustScore": 0,\n', ""),
    Relapse(
        "C07",
        "profiles.py",
        "drops=[name for name, value in given.items() if value is None]",
        "drops=[name for name in ProfileEdit.model_fields if given.get(name) is None]",
    ),
    Relapse("C08", "profiles.py", "if owner.sub != user_id:", "if not user_id:"),
    Relapse("C09", "models.py", 'GIVEN = ConfigDict(extra="forbid",', 'GIVEN = ConfigDict(extra="allow",'),
    Relapse(
        "C10",
        "users.py",
        'firsts={"role": role, "createdAt": moment},',
        'firsts={}, put={**row, **given, "id": user_id, "role": role, "createdAt": moment, "version": 1},',
    ),
    Relapse(
        "C11",
        "users.py",
        'return {"id": f"{kind}#{value}"}',
        'return {"id": f"{kind}#"}',
    ),
    Relapse(
        "C12",
        "store.py",
        "            if len(rows) > limit or not after:\n                break\n",
        "            after = None\n            break\n",
    ),
    Relapse("C13", "store.py", "after=dict(after) if after else None", "after=None"),
    Relapse("C14", "lists.py", "        raise missing()\n", "        return model.model_construct()\n"),
    Relapse("C15", "incoming.py", '        raise invalid(Detail("body", where)) from error\n', "        return {}\n"),
    Relapse(
        "C16",
        "handler.py",
        "app.exception_handler(Exception)(lambda error: failed(error, errors.internal()))",
        "app.exception_handler(Exception)(lambda error: failed(error, errors.conflict(str(error))))",
    ),
    Relapse(
        "C17",
        "handler.py",
        'request = read_request(event, getattr(context, "aws_request_id", None))\n',
        'request = read_request(event, getattr(context, "aws_request_id", None))\n'
        '        kit.log.info("event", extra={"event": str(event)})\n',
    ),
    Relapse(
        "C18",
        "access.py",
        "    if not methods:\n        raise not_found()\n",
        "    if not methods:\n        return OPERATIONS[1]\n",
    ),
    Relapse("C19", "incoming.py", '.get("authorizer")).get("claims"))', '.get("authorizer")).get("jwt"))'),
    Relapse(
        "C20", "models.py", "Cents = Annotated[int, Field(strict=True,", "Cents = Annotated[int, Field(strict=False,"
    ),
    Relapse(
        "C21",
        "bids.py",
        "at_once, left = others[: settling.AT_ONCE], others[settling.AT_ONCE :]",
        "at_once, left = others[:0], others[:0]",
    ),
    Relapse(
        "C22",
        "bids.py",
        '        equal={"status": "open", **settling.all_seen({}, bids)},\n    )\n',
        "    )\n    bids = []\n",
    ),
    Relapse(
        "C23",
        "referrals.py",
        'put = Change(noun="referrals", key={"id": made}, put={**row, "createdAt": moment}, new=True)',
        'put = Change(noun="referrals", key={"id": made}, put={**row, "createdAt": moment})',
    ),
    Relapse(
        "C24",
        "tasks.py",
        "    moment = timestamp(kit.clock())\n    for pause in _PAUSES:",
        "    return True\n    moment = timestamp(kit.clock())\n    for pause in _PAUSES:",
    ),
    Relapse(
        "C25",
        "tasks.py",
        "            expire_jobs(kit, tally, seconds_left_of(context))\n",
        "            try:\n                expire_jobs(kit, tally, seconds_left_of(context))\n"
        '            except Exception:\n                return {"statusCode": 500}\n',
    ),
    Relapse(
        "C26",
        "messengers.py",
        "    failures: list[PartOut] = []\n",
        '    return "stub", []\n    failures: list[PartOut] = []\n',
    ),
    Relapse(
        "C27", "store.py", "partition, *sort = INDEXES[part.noun][part.index]", "partition, *sort = KEYS[part.noun]"
    ),
    Relapse(
        "C28",
        "uploads.py",
        'url = kit.connect("s3").generate_presigned_url("put_object", Params={**named, **signed}, ExpiresIn=SECONDS)',
        'url = f"https://storage.example/{named} {signed}"',
    ),
    Relapse(
        "C29",
        "store.py",
        'raise PartOut(noun, "not configured") from error',
        'return f"KhayaStack-{noun.title()}Table"',
    ),
    Relapse(
        "C30",
        "users.py",
        "for name, value in known.items() if value}",
        'for name, value in {"phone": "", "email": "", **known}.items() if value is not None}',
    ),
    Relapse("C31", "profiles.py", 'verified = bool(seen.get("verified"))', "verified = True"),
    Relapse(
        "C32",
        "bids.py",
        'if row["buyerId"] != buyer.sub:',
        "if not buyer.sub:",
    ),
    Relapse(
        "D01",
        "triggers.py",
        '    user, code = str(event["userName"]), codes.draw()\n',
        '    user, code = str(event["userName"]), codes.draw()\n'
        '    event["response"]["publicChallengeParameters"]["devCode"] = code\n',
    ),
    Relapse("D02", "codes.py", '        below={"tries": MOST_TRIES},\n', ""),
    Relapse("D03", "triggers.py", 'response["issueTokens"] = right and not strange', 'response["issueTokens"] = False'),
    Relapse("D04", "codes.py", "    if not hmac.compare_digest(", "    if not code and not hmac.compare_digest("),
    Relapse(
        "D05",
        "access.py",
        'path="/stories/<story_id>/approve", who=_only(Role.ADMIN))',
        'path="/stories/<story_id>/approve", who=SIGNED_IN)',
    ),
    Relapse(
        "D07",
        "keyring.py",
        "    if not text:\n        raise",
        '    if not text:\n        return b"khaya-secret"\n        raise',
    ),
    Relapse("D10", "outgoing.py", '    "Vary": "Origin",\n', ""),
    Relapse(
        "D11",
        "jobs.py",
        'can still be read.\n    """\n\n    model_config = ANSWER',
        'can still be read.\n    """\n\n    model_config = {"extra": "allow"}',
    ),
    Relapse(
        "D13",
        "codes.py",
        'return hmac.new(key, f"code\\0{user}\\0{code}".encode(), hashlib.sha256).hexdigest()',
        "return hashlib.sha256(code.encode()).hexdigest()",
    ),
    Relapse(
        "E08", "messengers.py", "if answer.status != HTTPStatus.OK or not _taken(answer.data):", "if answer.status < 0:"
    ),
    Relapse(
        "E10",
        "triggers.py",
        'kit.log.info("code sent", by=taken)',
        'kit.log.info("code sent", by=taken, text=message.text)',
    ),
    Relapse(
        "E11",
        "codes.py",
        'return hmac.new(key, f"user\\0{user}".encode(), hashlib.sha256).hexdigest()',
        "return str(id(key)) + secrets.token_hex()",
    ),
    Relapse("E15", "incoming.py", "headers = {name.lower(): value for", "headers = {name: value for"),
    Relapse("E22", "access.py", 'path="/jobs", who=ANYBODY', 'path="/jobs", who=SIGNED_IN'),
    Relapse("E24", "messengers.py", '"to": phone.removeprefix("+"),', '"to": f"27{phone.removeprefix(chr(43))}",'),
    Relapse("E26", "errors.py", "Detail(_place(error), str(", 'Detail("body", str('),
    Relapse("E27", "access.py", "who=_only(Role.BUYER, Role.WORKER, Role.ADMIN)", "who=_only(Role.BUYER)"),
    Relapse("E28", "keyring.py", "if len(text) < SHORTEST or", "if not text and len(text) < SHORTEST or not text and"),
    Relapse(
        "E42",
        "handler.py",
        '        kit.log.error("variables missing or odd", variables=list(kit.settings.problems))\n',
        # Only where nothing is set, as in the process that the row's test starts: pytest's own must get that far.
        '        if "HOME" not in os.environ:\n            raise SystemExit(str(kit.settings.problems))\n',
    ),
    Relapse("E45", "profiles.py", "    return values\n", "    return values[:1]\n"),
    Relapse(
        "E46",
        "triggers.py",
        "frozenset({Role.BUYER, Role.WORKER, Role.SELLER})",
        "frozenset({Role.BUYER, Role.WORKER})",
    ),
)
