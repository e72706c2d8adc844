import hashlib

import msgspec


def describe(kind):
    return repr(msgspec.inspect.type_info(kind))


def undecodable(kind):
    return ""


def fingerprint(*x):
    return hashlib.sha256(repr(x).encode()).hexdigest()[:16]
