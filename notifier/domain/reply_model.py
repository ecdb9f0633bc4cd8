"""Weighs a reply by what was learned from labelled replies: how likely each kind is, and in which language it is written.

The model is a table of numbers made by `training.train`: a weight for each word, pair of words and run of letters, for what the rules
of the lexicon said, and for the drift of the words' meanings. Here it is only added up; nothing is learned while the service runs,
and no file is read. How the numbers come in is `notifier.configuration.reply_model`; what is done with the answer is decided in
`notifier.domain.reply_reading`.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from notifier.domain.replies import URGENT, Intent
from notifier.domain.reply_terms import letter_terms, pieces, plain_line, word_terms
from notifier.domain.reply_text import fold

KINDS: Final = tuple(Intent)
"""The order in which weights and probabilities stand."""

RARITY_STEPS: Final = 20
"""Rarities (inverse document frequencies) are kept as whole numbers of this many steps."""

_NEAR: Final = 0.45  # cosine of two replies, after the mean of all was taken away
_SPREAD: Final = 0.7  # keeps the drift of a sentence about as long as the drift of one word


Embedder: TypeAlias = Callable[[str], Sequence[float]]
"""Turns a text into a vector of numbers: the optional extra behind the embedding model."""


@dataclass(frozen=True, slots=True)
class TermTable:
    """Terms with their rarity; a term's place is its number."""

    places: Mapping[str, int]
    rarities: bytes

    def values(self, terms: Iterable[str]) -> dict[int, float]:
        """How much each known term of a text counts, by its number; the squares add up to one."""
        found: dict[int, float] = {}
        for term, times in Counter(terms).items():
            place = self.places.get(term)
            if place is not None:
                found[place] = (1.0 + math.log(times)) * self.rarities[place]
        length = math.sqrt(sum(value * value for value in found.values()))
        return {place: value / length for place, value in found.items()} if length else {}


@dataclass(frozen=True, slots=True)
class WordVectors:
    """What single words mean, as points in a space where words of like meaning lie close, whatever their language."""

    size: int
    places: Mapping[str, int]
    numbers: array[int]
    scale: float

    def drift(self, text: str) -> list[float]:
        """The direction in which a text's words lie together; all zero where no word is known."""
        total = [0.0] * self.size
        known = 0
        for word in pieces(plain_line(text)):
            place = self.places.get(word)
            if place is None:
                place = self.places.get(fold(word))
            if place is None:
                continue
            known += 1
            start = place * self.size
            total = [one + number for one, number in zip(total, self.numbers[start : start + self.size], strict=True)]
        if not known:
            return total
        factor = self.scale / (math.sqrt(known) * _SPREAD)
        return [number * factor for number in total]


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """What was chosen by cross-validation for English or for the other languages.

    `temperature` divides the scores so that probabilities mean what they say; `urgent_from` is the probability of danger from which a
    reply is urgent; `code_from` the probability from which a code is suggested.
    """

    temperature: float
    urgent_from: float
    code_from: float


@dataclass(frozen=True, slots=True)
class EmbeddingWeights:
    """The weights of the optional embedding model, for each kind: one row of numbers and a start value."""

    rows: tuple[tuple[float, ...], ...]
    signs: Mapping[str, tuple[float, ...]]
    start: tuple[float, ...]
    centre: tuple[float, ...]
    settings: Mapping[str, GroupSettings]
    embed: Embedder
    phrases: tuple[str, ...] = ()
    points: array[int] = field(default_factory=lambda: array("b"))

    def closest(self, text: str) -> str | None:
        """The known English reply that means most alike, None where none is near."""
        point = [one - two for one, two in zip(self.embed(text), self.centre, strict=True)]
        size, length = len(point), math.hypot(*point)
        best, phrase = 0.0, None
        for place, known in enumerate(self.phrases):
            other = self.points[place * size : (place + 1) * size]
            near = sum(one * two for one, two in zip(point, other, strict=True)) / (length * math.hypot(*other) or 1.0)
            if near > best:
                best, phrase = near, known
        return phrase if best >= _NEAR else None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the model makes of one reply. `probabilities` stand in the order of KINDS; `known` is the share of its letters' runs the
    model has met; `language` is a tag, None where nothing points to one.
    """

    probabilities: tuple[float, ...]
    settings: GroupSettings
    known: float
    language: str | None

    @property
    def danger(self) -> float:
        """How likely the reply is a dispute or a safeguarding worry."""
        return sum(self.probabilities[place] for place, kind in enumerate(KINDS) if kind in URGENT)

    @property
    def likeliest(self) -> Intent:
        """The likeliest kind."""
        return KINDS[max(range(len(KINDS)), key=self.probabilities.__getitem__)]

    def probability(self, intent: Intent) -> float:
        """How likely one kind is."""
        return self.probabilities[KINDS.index(intent)]


@dataclass(frozen=True, slots=True)
class ReplyModel:
    """The learned numbers. Weights lie row by row, one signed byte for each kind, times `scale`."""

    about: Mapping[str, object]
    words: TermTable
    letters: TermTable
    word_weights: array[int]
    letter_weights: array[int]
    word_scale: float
    letter_scale: float
    signs: Mapping[str, tuple[float, ...]]
    drifts: tuple[tuple[float, ...], ...]
    start: tuple[float, ...]
    settings: Mapping[str, GroupSettings]
    vectors: WordVectors
    languages: tuple[str, ...]
    language_weights: array[int]
    language_scale: float
    language_start: tuple[float, ...]
    embedding: EmbeddingWeights | None = field(default=None)

    def estimate(
        self, text: str, signs: Mapping[str, float], *, recorded: str | None = None, written: str | None = None
    ) -> Estimate:
        """Weigh one reply. `signs` are what the rules said (`signs_of`); `recorded` is the carer's language, `written` the one that
        the script proves, if any.
        """
        words = self.words.values(word_terms(text))
        runs = list(letter_terms(text))
        letters = self.letters.values(runs)
        scores = list(self.start)
        _add(scores, words, self.word_weights, self.word_scale)
        _add(scores, letters, self.letter_weights, self.letter_scale)
        for name, value in signs.items():
            row = self.signs.get(name)
            if row is not None:
                scores = [score + value * weight for score, weight in zip(scores, row, strict=True)]
        for value, row in zip(self.vectors.drift(text), self.drifts, strict=True):
            if value:
                scores = [score + value * weight for score, weight in zip(scores, row, strict=True)]
        language = written or self._language(letters, recorded)
        group = "en" if (language or "en") == "en" else "other"
        settings = self.settings[group]
        probabilities = softened(scores, settings.temperature)
        if self.embedding is not None:
            other = _embedded(self.embedding, text, signs, group)
            probabilities = [(one + two) / 2 for one, two in zip(probabilities, other, strict=True)]
            settings = self.embedding.settings[group]
        long_runs = {run for run in runs if len(run) >= 3}
        known = sum(run in self.letters.places for run in long_runs) / len(long_runs) if long_runs else 0.0
        return Estimate(tuple(probabilities), settings, known, language)

    def closest(self, text: str) -> str | None:
        """The known English reply that means most alike; None without the optional extra, and where none is near."""
        return self.embedding.closest(text) if self.embedding is not None and text.strip() else None

    def _language(self, letters: Mapping[int, float], recorded: str | None) -> str | None:
        """The likeliest language by its runs of letters; the recorded one starts with an advantage, English with a smaller one."""
        if not letters:
            return recorded
        scores = list(self.language_start)
        _add(scores, letters, self.language_weights, self.language_scale)
        for place, tag in enumerate(self.languages):
            if recorded is not None and tag.split("-")[0] == recorded.split("-")[0]:
                scores[place] += RECORDED_ADVANTAGE
            elif tag == "en":
                scores[place] += ENGLISH_ADVANTAGE
        chances = softened(scores, 1.0)
        best = max(range(len(chances)), key=chances.__getitem__)
        return self.languages[best] if chances[best] >= _CERTAIN_LANGUAGE else recorded


RECORDED_ADVANTAGE: Final = 2.5
"""What the carer's recorded language starts with, in the model's own scores."""

ENGLISH_ADVANTAGE: Final = 1.0
"""What English starts with: many carers answer an English school in English."""

_CERTAIN_LANGUAGE: Final = 0.5


def signs_of(found: Iterable[tuple[Intent, float]], *, weak_below: float) -> dict[str, float]:
    """What the rules said, for the model: the strongest phrase of each kind, and whether only weak signs spoke."""
    signs: dict[str, float] = {}
    for intent, weight in found:
        name = f"rule {intent.value}" if weight >= weak_below else f"hint {intent.value}"
        signs[name] = max(signs.get(name, 0.0), 0.5 * weight if weight >= weak_below else 0.5)
    return signs


def softened(scores: Sequence[float], temperature: float) -> list[float]:
    """Scores as probabilities that add up to one."""
    highest = max(scores)
    powers = [math.exp((score - highest) / temperature) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def _add(scores: list[float], values: Mapping[int, float], weights: array[int], scale: float) -> None:
    size = len(scores)
    total = [0.0] * size
    for place, value in values.items():
        start = place * size
        total = [one + value * two for one, two in zip(total, weights[start : start + size], strict=True)]
    for number, one in enumerate(total):
        scores[number] += one * scale


def _embedded(model: EmbeddingWeights, text: str, signs: Mapping[str, float], group: str) -> list[float]:
    point = [one - two for one, two in zip(model.embed(text), model.centre, strict=True)]
    scores = [
        start + sum(one * two for one, two in zip(point, row, strict=True))
        for start, row in zip(model.start, model.rows, strict=True)
    ]
    for name, value in signs.items():
        row = model.signs.get(name)
        if row is not None:
            scores = [score + value * weight for score, weight in zip(scores, row, strict=True)]
    return softened(scores, model.settings[group].temperature)
