"""The templates of the staff pages, before anybody asks for a page."""

from __future__ import annotations

from notifier.web.staff.shell import TEMPLATES, Shell


def test_warming_up_makes_every_template_ready():
    shell = Shell()
    shell.warm()
    ready = {name for _, name in shell.environment.cache}
    assert ready >= {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}
