"""A name for a run that was given none: two words and a number, easy to say and to find again."""

from __future__ import annotations

import secrets

_FIRST = (
    "amber bold brave bright brisk calm clear clever copper coral crisp eager early fair fleet gentle glad golden "
    "grand green happy hazel honest ivory jolly keen kind lively lucky mellow merry misty noble olive patient "
    "polite proud quick quiet rapid ruby sage scarlet sharp silver smart snowy steady sturdy sunny swift tidy "
    "violet warm wise witty"
)
_SECOND = (
    "acorn alder aspen badger beech birch brook cedar cliff cloud comet coral crane dawn delta dove dune eagle elm "
    "falcon fern finch fjord forest fox garnet grove harbor hare harvest hawk heron hill island ivy jay lake lark "
    "laurel linden lynx maple marsh meadow mesa moon moss otter owl pearl pine plover quail raven reef ridge river "
    "robin shore sky sparrow spring spruce star stone stork swan thistle tide tulip valley wave willow wren"
)


def new_run_name() -> str:
    """``swift-heron-417``: not unique, only unlikely to meet again soon."""
    return f"{secrets.choice(_FIRST.split())}-{secrets.choice(_SECOND.split())}-{secrets.randbelow(1000)}"
