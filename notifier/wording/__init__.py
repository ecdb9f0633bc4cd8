"""From a template's key and the day's values to the words that go out, in the carer's language where it may be used.

Start at `rendering.Wording`. Templates lie in `templates/messages`, translations in `locale`; what may be said in them is checked by
`checks.check` and, for wording that a school writes itself, by `syntax.check_source`. This room knows no register, channel or store.
"""

from notifier.wording.catalogues import CatalogueFault
from notifier.wording.checks import check, check_message, check_text
from notifier.wording.problems import Problem
from notifier.wording.rendering import Rendered, UnknownChannel, Wording
from notifier.wording.syntax import check_source
from notifier.wording.templates import MessageTemplate, Placeholder, TemplateFault, UnknownTemplate
from notifier.wording.values import MissingValue

__all__ = [
    "CatalogueFault",
    "MessageTemplate",
    "MissingValue",
    "Placeholder",
    "Problem",
    "Rendered",
    "TemplateFault",
    "UnknownChannel",
    "UnknownTemplate",
    "Wording",
    "check",
    "check_message",
    "check_source",
    "check_text",
]
