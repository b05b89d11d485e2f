"""What pages ask of the tracker beyond lists and single runs: columns, sparklines, marks, views, summaries.

Each module is a noun with plain functions of a Store; ``http`` is the one that speaks to the outside.
"""
