"""The fleet: a depot, its delivery vans, and one contract that all of their code shares.

::

    device --+   position, delivery, "my route?"    +--------+
    device --+------------------------------------->| server |
    device --+<-------------------------------------|        |
                    notice, "one more stop?"        +--------+

``messages`` has what they say to each other, ``contract`` who says what, in which version.
``server`` and ``device`` are the two programs, ``test_fleet`` the tests of both. Whoever changes a
message hears of it from the type checker in all of them, and from the tests what that means for the
vans that are on the road already.
"""
