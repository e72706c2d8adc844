from mcws_protocol import *
from mcws_testkit._wire_suite import WireSuite
from hypothesis import strategies as st
class TestMcws(WireSuite):
    wire = Mcws()
class TestLines(WireSuite):
    wire = Plain(Lines())
class TestChunks(WireSuite):
    wire = Plain(Chunks())
class TestMixed(WireSuite):
    wire = Plain(LengthPrefixed(2), down=Cobs())
