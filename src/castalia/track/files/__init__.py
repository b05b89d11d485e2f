"""Files as the tracker keeps them: trees of them, on this disk or in any fsspec store, and how one gets in.

``names`` says what a file may be called, ``incoming`` takes one in, ``tree`` is what a place for files can do,
``local`` and ``remote`` are the two kinds, ``parts`` puts a file together that comes in pieces.
"""
