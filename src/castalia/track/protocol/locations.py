"""Where an experiment may keep its files: with us, or, if an admin says so, in a store that is named by a URL."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import unquote, urlsplit

from castalia.core.errors import CastaliaError, Refused
from castalia.track.files.names import checked_wire_path
from castalia.track.files.places import OWN
from castalia.track.files.remote import DRIVERS, checked_protocol, driver_of
from castalia.track.protocol.wire import ProtocolError, invalid, sentence

MAX_LOCATION = 2048
_FIELD = "artifact_location"
_OWN_SCHEME = OWN.removesuffix(":/")


def checked_location(uri: str, admin: bool) -> str:
    """``artifact_location`` of experiments/create as it is to be stored; "" is our own place for it.

    ``mlflow-artifacts:/name`` is for everybody, ``s3://bucket/prefix`` and its like for an ``admin``. A path of
    this machine, a host of this machine or link, a query, a fragment and a password are refused, in the words
    of MLflow where it has some; a driver that is not installed is said here, not at the first file.
    """
    if not uri:
        return ""
    if len(uri) > MAX_LOCATION:
        raise _refused(
            "Invalid artifact path length. The length of the artifact path cannot be greater than "
            f"{MAX_LOCATION} characters. To configure this limit, please set the "
            "MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH environment variable."
        )
    if uri.startswith("runs:"):
        raise _refused(f"Artifact location cannot be a runs:/ URI. Given: '{uri[:200]}'")
    if re.search(r"[#;?]", decoded := _decoded(uri)):
        raise _refused(f"'{_FIELD}' URL can't include fragments or params.")
    if re.search(r"[\x00-\x20\x7f\\]", decoded) or ".." in decoded.split("/"):
        raise invalid(_FIELD, uri, "It leads elsewhere.")
    scheme, found, _ = uri.partition(":")
    if found and scheme.lower() == _OWN_SCHEME:
        return _own(uri)
    if "://" not in uri or scheme not in DRIVERS:
        raise invalid(_FIELD, uri, f"Leave it out, or name {OWN}<name>; this server keeps no files under other paths.")
    return _elsewhere(uri, admin)


def _own(uri: str) -> str:
    try:
        address = urlsplit(uri)
    except ValueError:  # brackets, letters that mean a slash
        raise invalid(_FIELD, uri) from None
    if address.netloc:
        raise invalid(_FIELD, uri, "Another server is not named here.")
    path = address.path.strip("/")
    try:
        if path and checked_wire_path(path).startswith("."):
            raise invalid(_FIELD, uri, "This folder is not for clients.")
    except Refused:
        raise invalid(_FIELD, uri) from None
    return f"{OWN}{path}"


def _elsewhere(uri: str, admin: bool) -> str:
    if not admin:
        raise ProtocolError("PERMISSION_DENIED", f"Only an admin may set '{_FIELD}' to a place outside this server.")
    try:
        protocol = checked_protocol(uri)
        address = urlsplit(uri)
        host = address.hostname or ""
        if "@" in address.netloc:
            raise _refused(f"'{_FIELD}' holds a user or a password. The server takes them from its environment.")
        if protocol != "memory" and is_near(host):
            raise invalid(_FIELD, uri, "A host of this machine or link is no place for files.")
        driver_of(protocol)
    except ValueError:  # of urlsplit: brackets, a port that is none
        raise invalid(_FIELD, uri) from None
    except CastaliaError as error:
        raise ProtocolError("INVALID_PARAMETER_VALUE", f"'{_FIELD}': {sentence(error)}") from None
    return uri


def is_near(host: str) -> bool:
    """Whether a host is this machine or on its link, however the number is written; a name is taken at its word.

    >>> is_near("2130706433"), is_near("0x7f.1"), is_near("169.254.169.254"), is_near("bucket")
    (True, True, True, False)
    """
    name = host.strip("[]").rstrip(".").lower()
    if not name or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        if not re.fullmatch(r"(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){0,3}", name):
            return False
        try:
            address = ipaddress.ip_address(socket.inet_aton(name))
        except OSError:
            return True
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast


def _decoded(uri: str) -> str:
    for _ in range(8):
        again = unquote(uri)
        if again == uri:
            return uri
        uri = again
    raise invalid(_FIELD, uri, "It is encoded many times.")


def _refused(message: str) -> ProtocolError:
    return ProtocolError("INVALID_PARAMETER_VALUE", message)
