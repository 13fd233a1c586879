"""What somebody may have meant who wrote a name that there is not: for errors that help."""


def nearest(word: str, names: "list[str] | tuple[str, ...]") -> str:
    """The one of `names` that `word` is most likely a misspelling of, "" for none.

    Case and the marks between words do not count: baseUrl and base-url are base_url.
    """
    plain = _plain(word)
    best, least = "", max(len(plain) // 3, 1) + 1
    for name in sorted(names):
        other = _plain(name)
        if abs(len(other) - len(plain)) < least:
            distance = _distance(plain, other)
            if distance < least:
                best, least = name, distance
    return best


def did_you_mean(word: str, names: "list[str] | tuple[str, ...]") -> str:
    """Words for the end of an error: " (did you mean 'x'?)", or those that there are."""
    name = nearest(word, names)
    if name:
        return " (did you mean %r?)" % name
    return ": known are %s" % (", ".join(sorted(names)) or "none")


def _plain(name: str) -> str:
    for mark in "_-. ":
        name = name.replace(mark, "")
    return name.lower()


def _distance(one: str, other: str) -> int:
    # Optimal string alignment: letters missing, too many, wrong, or two that changed places.
    before: list[int] = []
    above = list(range(len(other) + 1))
    for i in range(1, len(one) + 1):
        row = [i]
        for j in range(1, len(other) + 1):
            steps = above[j - 1] + (one[i - 1] != other[j - 1])
            steps = min(steps, above[j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                steps = min(steps, before[j - 2] + 1)
            row.append(steps)
        before, above = above, row
    return above[-1]
