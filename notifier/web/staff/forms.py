"""What comes in by forms: read up to a limit, refused when another site sent it, carried over a sign-in when a session ended.

Every form of a signed-in page holds a token of three parts: one that only the session knows (against forgery), a mark of who the
page was made for (so that what one person typed is never given to another), and the school the page was about.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from notifier.services import sealing
from notifier.services.sign_in import form_token
from notifier.settings import Settings
from notifier.web.body import BodyTooLarge, read_body

UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
TOKEN: Final = "csrf"  # noqa: S105 - the name of a field
CARRIED: Final = "carried"
MOST_TEXT: Final = 1024 * 1024  # bytes of an ordinary form
MOST_UPLOAD: Final = 10 * 1024 * 1024  # bytes of a form with files
MOST_CARRIED: Final = 100_000  # characters
_FIELDS: Final = 2000
_OF_THE_PAGE: Final = frozenset(
    {
        "seen",
        "once",
        "version",
        "checked",
        "do",
        "say",
        "carer",
        "follow_up",
        "over",
        "owner",
        "trust",
        "step",
        "find",
        "pupil",
    }
)
_NOT_CARRIED: Final = frozenset({TOKEN, CARRIED, "password", "old", "new"})


class Forged(Exception):
    """A form that did not come from a page made for this session; the words say what to do."""


class Unreadable(Exception):
    """A form that cannot be read; the words say why."""


async def posted(request: Request) -> FormData | None:
    """The form of an unsafe request; None for others. Raises Unreadable."""
    if request.method not in UNSAFE:
        return None
    kind = request.headers.get("content-type", "").split(";")[0].strip().casefold()
    try:
        if kind == "multipart/form-data":
            announced = request.headers.get("content-length", "")
            if not announced.isdecimal() or int(announced) > MOST_UPLOAD:
                raise BodyTooLarge(f"A form with files may hold {MOST_UPLOAD // 1024 // 1024} MB at most.")
            parts = await request.form(max_files=20, max_fields=_FIELDS, max_part_size=MOST_TEXT)
            return FormData([(_clean(key), _clean_value(value)) for key, value in parts.multi_items()])
        body = await read_body(request, MOST_TEXT)
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS)
    except BodyTooLarge as problem:
        raise Unreadable(str(problem)) from None
    except ValueError:
        raise Unreadable("The form could not be read. Go back, load the page again and send it once more.") from None
    return FormData([(_clean(key), _clean(value)) for key, value in pairs])


def _clean(text: str) -> str:
    """A text without the one sign that PostgreSQL keeps in no text."""
    return text.replace("\x00", "")


def _clean_value(value: str | UploadFile) -> str | UploadFile:
    return _clean(value) if isinstance(value, str) else value


def text_of(form: FormData | None, field: str) -> str:
    """A field as text without white space around it; empty where there is none."""
    value = form.get(field) if form is not None else None
    return value.strip() if isinstance(value, str) else ""


def secret_of(form: FormData | None, field: str) -> str:
    """A field exactly as typed: passwords may begin or end with a space."""
    value = form.get(field) if form is not None else None
    return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class PageToken:
    """The token of a page's forms, taken apart."""

    guard: str
    mark: str
    school: str

    @classmethod
    def read(cls, request: Request, form: FormData | None) -> PageToken:
        """As the form's field says, or the header that scripts send; empty parts where there is neither."""
        text = text_of(form, TOKEN) or request.headers.get("x-csrf-token", "")
        guard, mark, school = (*text.split("."), "", "", "")[:3]
        return cls(guard, mark, school)

    @classmethod
    def make(cls, session_token: str, user_id: str, school: str) -> PageToken:
        """For a page shown under a session to a user about a school."""
        return cls(form_token(session_token), mark_of(user_id), school)

    def fits(self, session_token: str) -> bool:
        """Whether the page was made under this session."""
        return secrets.compare_digest(self.guard.encode(), form_token(session_token).encode())

    def __str__(self) -> str:
        return f"{self.guard}.{self.mark}.{self.school}"


def mark_of(user_id: str) -> str:
    """Who a page was made for. It only tells people apart: holding it gives no right to anything."""
    return hashlib.sha256(f"page-of:{user_id}".encode()).hexdigest()[:20]


def from_elsewhere(request: Request, settings: Settings) -> bool:
    """Whether the browser says that another site sent the request."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and not _is_ours(origin, request, settings)


def surely_from_here(request: Request, settings: Settings) -> bool:
    """Whether the browser says that one of our own pages sent the request; without a word from it, no."""
    if request.headers.get("sec-fetch-site") is not None:
        return request.headers["sec-fetch-site"] == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and _is_ours(origin, request, settings)


def _is_ours(origin: str, request: Request, settings: Settings) -> bool:
    public = urlsplit(settings.public_url)
    given = urlsplit(origin)
    return (given.scheme, given.netloc) == (public.scheme, public.netloc) or (
        bool(given.netloc) and given.netloc == request.headers.get("host", "")
    )


def safe_onward(text: str | None) -> str:
    """Where to go after signing in: a path on this service and nothing else; "/" where it is anything else."""
    if not text or not text.startswith("/") or len(text) > 2000:
        return "/"
    plain = unquote(text)
    if any(ord(letter) < 33 or ord(letter) == 127 for letter in text) or "\\" in plain or plain.startswith("//"):
        return "/"
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or parts.path in ("/login", "/logout"):
        return "/"
    return text


def carry(settings: Settings, request: Request, form: FormData, mark: str) -> str:
    """Seal a form that came too late, for the person whose page it was; empty where it is too long to be carried."""
    fields = [(key, value) for key, value in form.multi_items() if isinstance(value, str) and key not in _NOT_CARRIED]
    if not mark:
        return ""
    school = PageToken.read(request, form).school
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    plain = json.dumps({"mark": mark, "address": address, "fields": fields, "school": school}, ensure_ascii=False)
    return sealing.seal(settings, CARRIED, plain) if len(plain) <= MOST_CARRIED else ""


@dataclass(frozen=True, slots=True)
class CarriedForm:
    """A form to be sent again after signing in."""

    address: str
    fields: tuple[tuple[str, str], ...]
    school: str

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What somebody typed or chose, without what only the page itself holds, so that they know it again."""
        return [(name, value) for name, value in self.fields if value and name not in _OF_THE_PAGE]


def carried_for(settings: Settings, sealed: str, user_id: str) -> CarriedForm | None:
    """What was typed before, where it was typed by this very person; None for anybody else and for anything not sealed here."""
    plain = sealing.unseal(settings, CARRIED, sealed) if sealed else None
    if plain is None:
        return None
    found = json.loads(plain)
    if found["mark"] != mark_of(user_id):
        return None
    return CarriedForm(found["address"], tuple((key, value) for key, value in found["fields"]), found["school"])
