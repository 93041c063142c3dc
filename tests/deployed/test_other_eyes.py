"""What others see of the deployed site, with no more than `twin env` prints: curl, openssl, dig and a browser.

They know nothing of this project, so they cannot share a mistake with it. Debian has them, Python has not.
"""

from __future__ import annotations

import html
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deployed.conftest import ROOT, House

pytestmark = [pytest.mark.twin, pytest.mark.eyes]

# The commands that do, and the Debian package that has the first of them.
TOOLS = {
    "curl": ("curl",),
    "openssl": ("openssl",),
    "bind9-dnsutils": ("dig",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}
BROWSER = (
    "--headless --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
    ' --ignore-certificate-errors-spki-list="$TWIN_CA_SPKI"'
    ' --host-resolver-rules="MAP $TWIN_DOMAIN:443 $TWIN_EDGE, MAP * ~NOTFOUND"'
    " --run-all-compositor-stages-before-draw --virtual-time-budget=15000"
)
EMPTY = "No open jobs at the moment. New ones appear here as soon as they are posted."


def tool(package: str) -> str:
    """The command of a Debian package; without it nothing was seen, which is no pass."""
    found = next((each for each in TOOLS[package] if shutil.which(each)), None)
    if found is None:
        pytest.fail(f"{TOOLS[package][0]} is missing: apt-get install -y {package}", pytrace=False)
    return found


Look = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def look(house: House, tmp_path: Path) -> Look:
    """Runs a line of shell that knows what `python -m checks twin env` prints, and nothing else of the twin."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "checks", "twin", "env"]
    knowing = {**environ, "TWIN_HOME": str(house.home)}
    told = subprocess.run(command, env=knowing, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    def run(line: str) -> subprocess.CompletedProcess[str]:
        script = ["/bin/sh", "-c", f"{told}{line}"]
        return subprocess.run(
            script, env=environ, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip

    return run


def seen(look: Look, line: str) -> str:
    """What the line prints; it must end well."""
    done = look(line)
    assert 0 == done.returncode, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_curl_sees_the_site_and_its_api(look: Look) -> None:
    """The certificate verifies, the page is the site's, a deep path gives it too, and an unknown API path is JSON."""
    curl = f'{tool("curl")} -sS --cacert "$TWIN_CA_BUNDLE" --connect-to "$TWIN_DOMAIN:443:$TWIN_EDGE"'
    pages = [seen(look, f'{curl} --fail "https://$TWIN_DOMAIN{path}"') for path in ("/", "/jobs")]
    nowhere = seen(look, f'{curl} -o body -w "%{{http_code}} %{{content_type}}" "https://$TWIN_DOMAIN/api/nope"')
    health = seen(look, f'{curl} --fail "https://$TWIN_DOMAIN/api/health"')

    assert "<title>Khaya · Building work, fairly found</title>" in pages[0]
    assert pages[0] == pages[1]
    assert "404 application/json" == nowhere
    assert '"status":"ok"' in health.replace(" ", "")


def test_curl_is_sent_from_http_to_https(look: Look) -> None:
    """By the edge itself; who follows arrives at the page."""
    curl = f'{tool("curl")} -sS --cacert "$TWIN_CA_BUNDLE" --connect-to "$TWIN_DOMAIN:80:$TWIN_EDGE_HTTP"'
    url = '"http://$TWIN_DOMAIN/jobs"'

    assert "301 https://khaya.example/jobs" == seen(look, f'{curl} -o body -w "%{{http_code}} %{{redirect_url}}" {url}')
    followed = seen(look, f'{curl} --connect-to "$TWIN_DOMAIN:443:$TWIN_EDGE" -L -o body -w "%{{http_code}}" {url}')
    assert "200" == followed


def test_curl_without_the_twins_authority_refuses(look: Look) -> None:
    """The failing twin: the certificate is believed for its authority, not by good nature (60: not authenticated)."""
    refused = look(f'{tool("curl")} -sS --connect-to "$TWIN_DOMAIN:443:$TWIN_EDGE" "https://$TWIN_DOMAIN/"')

    assert 60 == refused.returncode, refused.stderr


def test_openssl_verifies_the_certificate_for_both_names(look: Look) -> None:
    """Return code 0 with the twin's authority, and the site's two names on the leaf."""
    connect = f'{tool("openssl")} s_client -connect "$TWIN_EDGE" -verify_return_error -CAfile "$TWIN_CA_BUNDLE"'
    for host in ("khaya.example", "www.khaya.example"):
        shaken = seen(look, f"{connect} -servername {host} -verify_hostname {host}")
        leaf = seen(look, f"{connect} -servername {host} 2>&1 | openssl x509 -noout -subject -ext subjectAltName")

        assert "Verify return code: 0 (ok)" in shaken
        assert re.search(r"^subject=CN ?= ?khaya\.example$", leaf, re.MULTILINE), leaf
        assert {"DNS:khaya.example", "DNS:www.khaya.example"} == set(re.findall(r"DNS:[\w.]+", leaf))


def test_openssl_refuses_another_name(look: Look) -> None:
    """The failing twin: the same certificate is no other host's."""
    connect = f'{tool("openssl")} s_client -connect "$TWIN_EDGE" -verify_return_error -CAfile "$TWIN_CA_BUNDLE"'
    refused = look(f"{connect} -servername khaya.example -verify_hostname elsewhere.example")

    assert 0 != refused.returncode
    assert "hostname mismatch" in (refused.stdout + refused.stderr).lower()


@pytest.mark.parametrize("transport", ("+notcp", "+tcp"))
def test_dig_sees_the_names_and_where_they_are_delegated(look: Look, transport: str) -> None:
    """Apex and www have both kinds of address, and the parent's referral names the servers of the zone."""
    dig = f'{tool("bind9-dnsutils")} {transport} +tries=1 +time=5 -p "${{TWIN_DNS#*:}}"'
    answers = {
        (name, kind): seen(look, f'{dig} @"${{TWIN_DNS%:*}}" +short {name} {kind}').split()
        for name in ("khaya.example", "www.khaya.example")
        for kind in ("A", "AAAA")
    }
    zone = seen(look, f'{dig} @"${{TWIN_DNS%:*}}" +short "$TWIN_DOMAIN" NS').split()
    referral = seen(look, f'{dig} @127.0.0.2 +norecurse +noall +authority "$TWIN_DOMAIN" NS')
    nothing = seen(look, f'{dig} @"${{TWIN_DNS%:*}}" "nothing-here.$TWIN_DOMAIN" A')

    assert [4, 8, 4, 8] == [len(each) for each in answers.values()]
    assert 4 == len(zone)
    assert sorted(zone) == sorted(re.findall(r"\sNS\s+(\S+)", referral))
    assert "status: NXDOMAIN" in nothing


def browser(tmp_path: Path, more: str, url: str) -> str:
    """The line that shows *url* to a browser with a fresh profile."""
    # As root, which containers are, the browser refuses its own sandbox.
    rootly = "--no-sandbox" if os.geteuid() == 0 else ""
    profile = f"--user-data-dir={shlex.quote(str(tmp_path / 'profile'))}"
    return f"{tool('chromium')} {BROWSER} {rootly} {profile} {more} {url}"


@pytest.mark.parametrize(("path", "title"), (("/", "Building work, fairly found"), ("/jobs", "Open jobs")))
def test_a_browser_shows_the_page_with_its_jobs(look: Look, tmp_path: Path, path: str, title: str) -> None:
    """Scripts ran, the API answered them from the same host, and what came is drawn: jobs, or that there are none."""
    dom = html.unescape(seen(look, browser(tmp_path, "--dump-dom", f'"https://$TWIN_DOMAIN{path}"')))

    assert f"<title>{title} · Khaya</title>" in dom
    assert EMPTY in dom or '<li class="card">' in dom
    assert "cannot be shown right now" not in dom
    assert re.search(r"Version \d+\.\d+\.\d+ \([0-9a-f]{7}\)", dom)


def test_a_browser_without_the_twins_key_shows_no_page(look: Look, tmp_path: Path) -> None:
    """The failing twin: the browser believes the listed key, and does not overlook certificates."""
    line = browser(tmp_path, "--dump-dom", '"https://$TWIN_DOMAIN/"').replace("$TWIN_CA_SPKI", "A" * 43 + "=")

    assert "Building work" not in look(line).stdout


@pytest.mark.parametrize("width", (1400, 375))
def test_a_picture_of_the_page_can_be_taken(look: Look, tmp_path: Path, width: int) -> None:
    """Wide and narrow: a PNG of that width."""
    picture = tmp_path / "page.png"
    more = f"--hide-scrollbars --window-size={width},900 --screenshot={shlex.quote(str(picture))}"
    seen(look, browser(tmp_path, more, '"https://$TWIN_DOMAIN/"'))

    head = picture.read_bytes()[:24]
    assert (b"\x89PNG\r\n\x1a\n", width) == (head[:8], int.from_bytes(head[16:20], "big"))
