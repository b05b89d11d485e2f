"""The MLflow tracking protocol on our store, so that clients that know it work unchanged.

One module a noun of the protocol, each with its ``ROUTES``; ``wire`` reads requests and words errors, ``routes``
puts them behind HTTP. Source: the messages of the ``mlflow`` client 3.17; docs/mlflow.md says what differs.
"""
