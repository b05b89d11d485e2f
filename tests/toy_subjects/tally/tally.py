"""How often each thing comes."""


def tally(things):
    """{thing: how often}, in the order in which they first came."""
    counts = {}
    for thing in things:
        counts[thing] = counts.get(thing, 0) + 1
    return counts


def most(things):
    """All that come most often, in the order in which they first came. Raises ValueError for nothing."""
    counts = tally(things)
    if not counts:
        raise ValueError("nothing to tally")
    top = max(counts.values())
    return [thing for thing, count in counts.items() if count == top]
