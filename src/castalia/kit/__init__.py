"""The library under every project, which people use without the rest: see docs/kit.md."""

__all__ = ["images", "metrics", "optim", "plots", "special", "stats", "tabular", "text", "timing", "training", "trees"]
