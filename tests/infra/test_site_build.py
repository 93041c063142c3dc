"""The built site: names that change with content, nothing that points elsewhere, a release that can be told."""

from __future__ import annotations

import json
import re
import shutil
import struct
from pathlib import Path

import pytest

from khaya_infra.frontend.site_build import SOURCE, build_site
from khaya_infra.publish import cache_control_for, pages_of
from khaya_infra.settings import read_settings
from tests.infra.conftest import RELEASE, ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as the deployer builds it."""
    return build_site(release=RELEASE, version="9.8.7", build=tmp_path_factory.mktemp("build"))


def test_scripts_and_styles_are_named_after_their_content(site: Path) -> None:
    """B01: so that browsers may keep them for ever."""
    assert all(re.fullmatch(r"(app|styles)\.[0-9a-f]{12}\.(js|css)", path.name) for path in (site / "assets").iterdir())
    assert 2 == len(list((site / "assets").iterdir()))


def test_everything_the_page_names_is_there(site: Path) -> None:
    """B02: links and scripts of index.html, and the icons of the manifest."""
    page = (site / "index.html").read_text("utf-8")
    named = re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="/([^"]+)"', page)
    icons = [icon["src"].lstrip("/") for icon in json.loads((site / "manifest.json").read_text("utf-8"))["icons"]]

    assert len(named) >= 6
    assert [] == [name for name in (*named, *icons) if not (site / name).is_file()]


def test_the_release_can_be_told(site: Path) -> None:
    """B14, B16: commit, version, and which contract of the API the scripts speak."""
    assert {"name": "khaya-site", "version": "9.8.7", "git_sha": RELEASE, "api_contract": 1} == json.loads(
        (site / "version.json").read_text("utf-8")
    )


def test_nothing_comes_from_another_host(site: Path) -> None:
    """E02, E23: no foreign address in any file; the one that is allowed is a namespace that nobody fetches."""
    texts = [path.read_text("utf-8") for path in site.rglob("*") if path.suffix in {".html", ".js", ".css", ".json"}]
    hosts = {host for text in texts for host in re.findall(r"https?://([^/'\"\s]+)", text)}

    assert hosts <= {"www.w3.org"}


def test_the_page_needs_no_exception_from_its_content_policy(site: Path) -> None:
    """A30: no inline script, style or handler, and nothing that is evaluated or read as HTML."""
    page = (site / "index.html").read_text("utf-8")
    script = next((site / "assets").glob("app.*.js")).read_text("utf-8")

    assert [] == re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    assert [] == re.findall(r"\beval\(|innerHTML|insertAdjacentHTML|document\.write|new Function", script)


def test_another_content_gets_another_name_and_the_page_follows(tmp_path: Path) -> None:
    """The page of the new release names the new file."""
    source = tmp_path / "src"
    shutil.copytree(SOURCE, source)
    before = build_site(release=RELEASE, version="1", build=tmp_path / "build", source=source)
    (source / "assets" / "app.js").write_text("// changed\n")
    after = build_site(release=RELEASE, version="1", build=tmp_path / "build", source=source)
    named = {
        re.findall(r"assets/app\.[0-9a-f]{12}\.js", (folder / "index.html").read_text("utf-8"))[0]
        for folder in (before, after)
    }

    assert before != after
    assert 2 == len(named)


def test_every_page_of_a_hidden_site_asks_engines_to_stay_away(tmp_path: Path) -> None:
    """And no page of another one does."""
    told = '<meta name="robots" content="noindex, nofollow">'
    folders = [build_site(release=RELEASE, version="1", build=tmp_path, hidden=each) for each in (True, False)]

    assert [1, 0] == [(each / "index.html").read_text("utf-8").count(told) for each in folders]


def test_the_same_content_is_built_once(tmp_path: Path) -> None:
    """The folder is named after what is in it."""
    first = build_site(release=RELEASE, version="1", build=tmp_path)

    assert first == build_site(release=RELEASE, version="1", build=tmp_path)
    assert [first] == list((tmp_path / "site").iterdir())


def test_a_page_that_names_a_missing_asset_is_refused(tmp_path: Path) -> None:
    """Before anybody is served a page without its script."""
    source = tmp_path / "src"
    shutil.copytree(SOURCE, source)
    (source / "assets" / "styles.css").unlink()

    with pytest.raises(FileNotFoundError, match=r"index\.html mentions styles\.css"):
        build_site(release=RELEASE, version="1", build=tmp_path / "build", source=source)


@pytest.mark.parametrize(("name", "size"), (("icon-192.png", 192), ("icon-512.png", 512)))
def test_icons_are_pictures_of_the_size_they_claim(site: Path, name: str, size: int) -> None:
    """PNG signature, then width and height of the header chunk."""
    content = (site / "icons" / name).read_bytes()

    assert b"\x89PNG\r\n\x1a\n" == content[:8]
    assert (size, size) == struct.unpack(">II", content[16:24])


def test_the_site_is_light(site: Path) -> None:
    """F10: everything a first visit loads stays under 100 KB."""
    assert sum(page.path.stat().st_size for page in pages_of(site) if "icon" not in page.key) < 100_000


def test_each_routed_path_of_the_settings_is_a_page_of_the_site(site: Path) -> None:
    """E01: what the checks ask for is what the script draws."""
    script = next((site / "assets").glob("app.*.js")).read_text("utf-8")
    routed = re.findall(r"^  \[/\^(.+?)\$/, \w+\],$", script, re.MULTILINE)
    shapes = [re.compile(shape.replace("\\/", "/")) for shape in routed]
    paths = read_settings(ROOT / "checks" / "targets" / "local.toml").spa_paths

    assert len(shapes) >= 6
    assert [] == [path for path in paths if not any(shape.fullmatch(path) for shape in shapes)]


@pytest.mark.parametrize(
    ("key", "rule"),
    (
        ("assets/app.0123456789ab.js", "public,max-age=31536000,immutable"),
        ("assets/styles.ba9876543210.css", "public,max-age=31536000,immutable"),
        ("assets/app.js", "no-cache"),
        ("index.html", "no-cache"),
        ("manifest.json", "no-cache"),
        ("version.json", "no-cache"),
        ("robots.txt", "no-cache"),
        ("favicon.ico", "public,max-age=86400"),
        ("favicon.svg", "public,max-age=86400"),
        ("icons/icon-192.png", "public,max-age=86400"),
    ),
)
def test_only_what_changes_its_name_is_kept_for_ever(key: str, rule: str) -> None:
    """B01: an invalidation cannot clear browsers."""
    assert rule == cache_control_for(key)


def test_the_page_is_sent_after_all_that_it_names(site: Path) -> None:
    """B02: hashed files first, index.html last."""
    pages = pages_of(site)
    kinds = [page.cache_control.endswith("immutable") for page in pages]

    assert "index.html" == pages[-1].key
    assert sorted(kinds, reverse=True) == kinds


def test_files_say_what_they_are(site: Path) -> None:
    """With nosniff, a script that calls itself text is not run."""
    types = {Path(page.key).suffix: page.content_type for page in pages_of(site)}

    assert {
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".json": "application/json",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".ico": "image/x-icon",
        ".txt": "text/plain; charset=utf-8",
    } == types
