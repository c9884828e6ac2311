"""Where text becomes tokens, for all families of models: begin and end tokens, cutting what is too
long, padding, and counts of what was cut or is unknown to the tokenizer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor

from fusion.models.spec import Row, Side

Part = TypeVar("Part")
#: Share of unknown tokens beyond which a film is not run.
MOST_UNKNOWN = 0.05


@dataclass(frozen=True)
class Counts:
    """What became of the texts of some events.

    Attributes
    ----------
    events, cut
        Number of events, and of those whose text was cut.
    tokens, unknown
        Number of tokens of all their texts, begin and end tokens left out, and of those that the
        tokenizer does not know.
    """

    events: int
    cut: int
    tokens: int
    unknown: int

    @property
    def share_unknown(self) -> float:
        """Share of tokens that the tokenizer does not know."""
        return self.unknown / max(1, self.tokens)


@dataclass
class Texts:
    """Texts to token ids.

    Attributes
    ----------
    encode
        Text -> ids without begin and end tokens.
    begin, end
        Ids before and after every text.
    pad
        Id of padding.
    length
        Tokens that the network reads, begin and end included.
    unknown
        Id of tokens that the tokenizer does not know, if there is one.
    class_token
        Whether the first id of every text is a class token, which sees the whole text.
    clean
        What is done to a text before it is encoded.
    max_words
        Words beyond which a text is cut before it is encoded, if any.
    fixed
        Whether every text is padded to :attr:`length`; by default to the longest of its batch.
    multiple
        Texts are padded to multiples of so many tokens, for networks that attend in windows and
        would pad them themselves.
    truncate
        ``left`` keeps the end of what is too long, the words just heard; ``right`` its beginning.
    """

    encode: Callable[[str], list[int]]
    begin: tuple[int, ...]
    end: tuple[int, ...]
    pad: int
    length: int
    unknown: int | None = None
    class_token: bool = False
    clean: Callable[[str], str] = str
    max_words: int | None = None
    fixed: bool = False
    multiple: int = 1
    truncate: Side = "left"
    _known: dict[str, list[int]] = field(default_factory=dict, repr=False)

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return ids (n_texts, n_tokens) int64 and which of them count (n_texts, n_tokens) bool."""
        rows = [self.ids(text) for text in texts]
        width = self.length if self.fixed else max(map(len, rows))
        width += -width % self.multiple
        ids = torch.full((len(rows), width), self.pad)
        counted = torch.zeros((len(rows), width), dtype=torch.bool)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
            counted[i, : len(row)] = True
        return ids, counted

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text as the network reads it: cut, with begin and end tokens."""
        room = self.length - len(self.begin) - len(self.end)
        inner = self._cut(self._content(text), room)
        # A network needs something to read where there is no word.
        return [*self.begin, *inner, *self.end] or [self.pad]

    def is_cut(self, text: str) -> bool:
        """Return whether a text is longer than the network reads."""
        room = self.length - len(self.begin) - len(self.end)
        words = self.clean(text).split()
        return len(self._content(text)) > room or len(words) > (self.max_words or len(words))

    def counts(self, texts: Iterable[str]) -> Counts:
        """Return what becomes of the texts of some events."""
        events = Counter(texts)
        ids = {text: self._content(text) for text in events}
        return Counts(
            events.total(),
            sum(n for text, n in events.items() if self.is_cut(text)),
            sum(n * len(ids[text]) for text, n in events.items()),
            sum(n * ids[text].count(self.unknown) for text, n in events.items())
            if self.unknown is not None
            else 0,
        )

    def check(self, texts: Iterable[str], row: Row) -> None:
        """Raise ``InputError`` if the tokenizer does not know too many of the texts' tokens."""
        texts = list(texts)
        counts = self.counts(texts)
        if counts.share_unknown <= MOST_UNKNOWN:
            return
        words = Counter(word for text in texts for word in self.clean(text).split())
        lost = [word for word, _ in words.most_common() if self.unknown in self.encode(word)]
        raise row.error(
            "tokenizer",
            f"{counts.share_unknown:.0%} of the tokens of the film's texts are unknown to it"
            f" ({', '.join(lost[:5])})",
            f"a tokenizer that knows the film's language: at most {MOST_UNKNOWN:.0%}",
        )

    def _content(self, text: str) -> list[int]:
        """Return all ids of a text, after what is cut by words."""
        if text not in self._known:
            words = self.clean(text)
            if self.max_words is not None:
                words = " ".join(self._cut(words.split(), self.max_words))
            self._known[text] = self.encode(words)
        return self._known[text]

    def _cut(self, parts: list[Part], length: int) -> list[Part]:
        if len(parts) <= length:
            return parts
        return parts[len(parts) - length :] if self.truncate == "left" else parts[:length]
