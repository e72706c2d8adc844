from mcws_protocol import *
from mcws_testkit._framing_suite import FramingSuite
from hypothesis import strategies as st
class TestLines(FramingSuite):
    framing = Lines()
class TestChunks(FramingSuite):
    framing = Chunks()
class TestLP(FramingSuite):
    framing = LengthPrefixed()
class TestLP3(FramingSuite):
    framing = LengthPrefixed(3,adjustment=-3)
class TestCobs(FramingSuite):
    framing = Cobs()
class TestSlip(FramingSuite):
    framing = Slip()
class TestVarint(FramingSuite):
    framing = Varint()
class TestFixed(FramingSuite):
    framing = Fixed(5)
class TestFixedBig(FramingSuite):
    framing = Fixed(3000)
class TestD3(FramingSuite):
    framing = Delimited(b"a\xdba")
class TestD2(FramingSuite):
    framing = Delimited(b"--")
class TestRead(FramingSuite):
    framing = LengthPrefixed(1, offset=1, adjustment=-1, strip=4)
    only_decodes = True
