"""x"""


def autolog() -> None: ...
