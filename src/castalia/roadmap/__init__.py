"""The roadmap: what there is to learn, in which order, how long it takes and what shows that it was learned.

The content is data (``roadmap/data``); docs/roadmap.md says what each record means.
"""
