"""Reads one reply: what it means, whether it is urgent, how sure that is, and in which language it was written.

Command words and pictures come first. Then the phrases of every language are looked for, whatever language was expected, and the
learned model weighs them together with the words of the reply. Without a model the phrases decide alone. The same text always gives
the same reading; a person confirms whatever is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from notifier.domain.replies import PLANS, URGENT, Intent, ReplyReading
from notifier.domain.reply_lexicon import ReplyLexicon, Rule, whole_message
from notifier.domain.reply_model import Estimate, ReplyModel, signs_of
from notifier.domain.reply_text import spelled, tokens_of

SUGGEST_FROM: Final = 0.5
"""Below this confidence no attendance code is suggested."""

WEAK_BELOW: Final = 0.4
"""A sign of danger weaker than this counts only where the reply gives no other reason."""

_KNOWN: Final = 0.35  # below this share of known runs of letters the model has not met the language
_TOLD_APART: Final = 0.22  # below this no kind stands out: a person reads
_REASON: Final = 0.55
_UNREAD: Final = 0.2  # nothing was recognised
_LONGEST: Final = 2000  # characters looked at; a longer mail says what it says before that
_SMILES: Final = re.compile("[👍👌🙏❤😊🙂😀😁😃😄☺✅✔💙💜💚💛♥🤝👏]")
_POORLY: Final = re.compile("[🤒🤮🤢🤧😷🤕]")
_SCRIPTS: Final = (
    (re.compile("[\u0980-\u09ff]"), "bn"),
    (re.compile("[\u0a00-\u0a7f]"), "pa"),
    (re.compile("[\u0679\u0688\u0691\u06ba\u06d2\u06be\u06c1]"), "ur"),
    (re.compile("[\u0456\u0457\u0454\u0491\u0406\u0407\u0404]"), "uk"),
    (re.compile("[\u0400-\u04ff]"), "uk"),
)
_ARABIC_SCRIPT: Final = re.compile("[\u0600-\u06ff]")


@dataclass(frozen=True, slots=True)
class _Hit:
    """One phrase found in the reply."""

    rule: Rule
    words: str
    weight: float


def read_reply(
    text: str,
    *,
    lexicon: ReplyLexicon,
    language: str | None = None,
    model: ReplyModel | None = None,
    auto_reply: bool = False,
    opt_out_type: str | None = None,
) -> ReplyReading:
    """Understand one reply. `language` is the carer's recorded one and only breaks ties; it never limits what is looked for.

    `auto_reply` says that the mail's headers name a machine; `opt_out_type` is what the provider made of the text (STOP, START or
    HELP), or None. Never raises: what cannot be read is `other` with a low confidence, for a person.
    """
    provider_word = (opt_out_type or "").strip().upper()
    if provider_word in _BY_COMMAND:
        return _command(_BY_COMMAND[provider_word], language, provider_word)
    text = text[:_LONGEST]
    key = whole_message(text)
    if not key:
        return _wordless(text, language, auto_reply=auto_reply)
    if key in lexicon.whole:
        command, tag = lexicon.whole[key]
        return _command(command, _one_of(language, tag), key)
    tokens = tokens_of(text)
    hits = sorted(_hits(tokens, lexicon), key=lambda hit: -hit.weight)
    guessed = _guess_language(text, tokens, hits, lexicon, language)
    if model is None:
        return _weigh(hits, guessed, language, auto_reply=auto_reply)
    signs = signs_of(_spoken(hits), weak_below=WEAK_BELOW)
    estimate = model.estimate(text, signs, recorded=language, written=_written_in(text, guessed))
    return _judge(hits, estimate, guessed, auto_reply=auto_reply)


def phrases_found(text: str, lexicon: ReplyLexicon) -> list[tuple[Intent, float]]:
    """What the phrases of all languages say of a text, with their weights: what the model is taught with beside the words."""
    return _spoken(_hits(tokens_of(text[:_LONGEST]), lexicon))


def _spoken(hits: Iterable[_Hit]) -> list[tuple[Intent, float]]:
    return [(hit.rule.intent, hit.weight) for hit in hits if hit.rule.intent is not None]


def _written_in(text: str, guessed: str | None) -> str | None:
    """The language that the script leaves no doubt about, None for the Latin alphabet."""
    return guessed if _ARABIC_SCRIPT.search(text) or any(script.search(text) for script, _ in _SCRIPTS) else None


def _judge(hits: list[_Hit], estimate: Estimate, guessed: str | None, *, auto_reply: bool) -> ReplyReading:
    """What to make of the model's estimate: danger from its threshold on, a code only where it is nearly sure."""
    matched = tuple(dict.fromkeys(hit.words for hit in hits if hit.rule.intent is not None))[:8]
    hint = max((hit.words for hit in hits if hit.rule.intent is None), key=len, default=None)
    language = estimate.language if estimate.known >= _KNOWN else guessed
    if estimate.known < _KNOWN and not matched:
        return ReplyReading(Intent.OTHER, False, None, _UNREAD, guessed, (), hint)
    urgent = estimate.danger >= estimate.settings.urgent_from
    if auto_reply and not (urgent and any(hit.rule.intent in URGENT and hit.weight >= WEAK_BELOW for hit in hits)):
        return ReplyReading(Intent.OOO, False, None, 0.95, language, matched)
    intent = estimate.likeliest
    confidence = estimate.probability(intent)
    if not urgent and confidence < _TOLD_APART:
        return ReplyReading(Intent.OTHER, False, None, round(confidence, 2), language, matched, hint)
    spoken = next((hit.rule.intent for hit in hits if hit.rule.intent is not None), None)
    sure = spoken is intent and confidence >= estimate.settings.code_from and not urgent
    suggested = PLANS[intent].suggested_code if sure else None
    return ReplyReading(intent, urgent, suggested, round(confidence, 2), language, matched, hint)


_BY_COMMAND: Final[Mapping[str, str]] = {"STOP": "stop", "START": "start", "HELP": "help"}


def _command(command: str, language: str | None, word: str) -> ReplyReading:
    intent = {"stop": Intent.OPTOUT, "help": Intent.WHO}.get(command, Intent.OTHER)
    return ReplyReading(intent, False, None, 1.0, language, (word,), is_opt_in=command == "start")


def _wordless(text: str, language: str | None, *, auto_reply: bool) -> ReplyReading:
    """Nothing, punctuation, or pictures."""
    if auto_reply:
        return ReplyReading(Intent.OOO, False, None, 0.95, language)
    if _POORLY.search(text):
        return ReplyReading(Intent.ILLNESS, False, None, 0.4, language)
    if _SMILES.search(text):
        return ReplyReading(Intent.THANKS, False, None, 0.7, language)
    return ReplyReading(Intent.OTHER, False, None, _UNREAD, language)


def _one_of(language: str | None, tag: str) -> str:
    """Words like STOP are used in every language: the recorded language is the better guess where it is not English."""
    return language if language is not None and tag == "en" else tag


def _hits(tokens: list[str], lexicon: ReplyLexicon) -> Iterator[_Hit]:
    """Every phrase that is really there and is not taken back by the words around it."""
    lines: dict[str, str] = {}
    wanted: set[int] = set()
    for tag, entry in lexicon.languages.items():
        if entry.spellings:
            lines[tag] = spelled(tokens, entry.spellings)
    plain = spelled(tokens, {})
    for word in {word for line in (plain, *lines.values()) for word in line.split()}:
        wanted.update(lexicon.words.get(word, ()))
        for length in lexicon.stem_lengths:
            if length > len(word):
                break
            wanted.update(lexicon.stems.get(word[:length], ()))
    for number in sorted(wanted):
        rule = lexicon.rules[number]
        line = lines.get(rule.language, plain)
        for match in rule.pattern.finditer(line):
            if not _taken_back(rule, line, match):
                yield _Hit(rule, match.group().strip(), rule.weight)
                break


def _taken_back(rule: Rule, line: str, match: re.Match[str]) -> bool:
    """Whether the words around a match turn it into something else: a negation, another day, another place."""
    start = max(line.rfind(" .", 0, match.start() + 1), line.rfind(" ?", 0, match.start() + 1)) + 1
    stops = [at for at in (line.find(" .", match.end()), line.find(" ?", match.end())) if at >= 0]
    end = min(stops, default=len(line))
    if rule.before is not None and rule.before.search(line[start : match.start()]):
        return True
    if rule.after is not None and rule.after.search(line[match.end() : end]):
        return True
    return rule.unless is not None and rule.unless.search(line[max(start - 1, 0) : end]) is not None


def _guess_language(
    text: str, tokens: list[str], hits: list[_Hit], lexicon: ReplyLexicon, language: str | None
) -> str | None:
    """The likeliest language: by script, else by common words and by the phrases found; the recorded one wins a tie."""
    for script, tag in _SCRIPTS:
        if script.search(text):
            return tag
    if _ARABIC_SCRIPT.search(text):
        return language if language in {"ar", "fa", "ps", "ckb", "ur"} else _arabic_or_urdu(tokens, lexicon)
    points: dict[str, float] = {}
    words = {token.replace("'", "") for token in tokens}
    strongest: dict[str, float] = {}
    for hit in hits:
        strongest[hit.rule.language] = max(strongest.get(hit.rule.language, 0.0), hit.weight)
    for tag, entry in lexicon.languages.items():
        points[tag] = len(words & entry.marks) + 2 * strongest.get(tag, 0.0)
    if language is not None and language in points:
        points[language] += 0.6
        romanised = f"{language}-Latn"
        if romanised in points:
            points[romanised] += 0.6
    best = max(points, key=lambda tag: points[tag], default=None)
    return best if best is not None and points[best] >= 1 else language


def _arabic_or_urdu(tokens: list[str], lexicon: ReplyLexicon) -> str:
    words = set(tokens)
    known = [(len(words & entry.marks), tag) for tag, entry in lexicon.languages.items() if tag in {"ur", "ar"}]
    return max(known, default=(0, "ar"))[1]


def _weigh(hits: list[_Hit], guessed: str | None, language: str | None, *, auto_reply: bool) -> ReplyReading:
    """Choose the intent: danger first, then the strongest phrase; agreeing phrases add a little, rivals take a little."""
    spoken = [hit for hit in hits if hit.rule.intent is not None]
    scores: dict[Intent, float] = {}
    for hit in spoken:
        intent = hit.rule.intent
        assert intent is not None
        fitting = hit.weight if hit.rule.language in {guessed, language, "en"} else hit.weight * 0.9
        if intent not in scores:
            scores[intent] = fitting
        elif hit.weight >= WEAK_BELOW:
            scores[intent] = min(scores[intent] + 0.04, 0.97)
    reasons = [intent for intent, score in scores.items() if score >= _REASON and intent is not Intent.THANKS]
    if reasons:
        scores = {intent: score for intent, score in scores.items() if intent not in URGENT or score >= WEAK_BELOW}
        spoken = [hit for hit in spoken if hit.rule.intent in scores]
    matched = tuple(dict.fromkeys(hit.words for hit in spoken))[:8]
    hint = max((hit.words for hit in hits if hit.rule.intent is None), key=len, default=None)
    danger = {intent: score for intent, score in scores.items() if intent in URGENT}
    if auto_reply and max(danger.values(), default=0.0) < WEAK_BELOW:
        return ReplyReading(Intent.OOO, False, None, 0.95, guessed, matched)
    if not scores:
        return ReplyReading(Intent.OTHER, False, None, _UNREAD, guessed, (), hint)
    ranked = sorted(scores, key=lambda intent: (-scores[intent], list(Intent).index(intent)))
    winner = ranked[0]
    if danger:
        gravest = max(danger, key=lambda intent: (danger[intent], intent is Intent.SAFEGUARDING))
        if danger[gravest] >= 0.6 or danger[gravest] >= scores[winner]:
            winner = gravest
    rivals = [scores[intent] for intent in ranked if intent is not winner]
    confidence = round(max(scores[winner] - 0.3 * max(rivals, default=0.0) ** 2, 0.1), 2)
    suggested = PLANS[winner].suggested_code if confidence >= SUGGEST_FROM and not danger else None
    return ReplyReading(winner, bool(danger), suggested, confidence, guessed, matched, hint)
