"""The demo: devices that measure this machine, a server, and what its operator sees.

::

    device load    --+
    device memory  --+   readings    +--------+   readings, alarms    +----------+
    device disk    --+-------------->| server |---------------------->| operator |
    device network --+<--------------|        |                       +----------+
                       set interval  +--------+

Each device is a process of its own; server and operator share another one. ``sensors`` measures,
``device`` is such a process, ``processes`` starts and ends them, ``server`` is the one in the
middle, ``operator_view`` draws, ``messages`` is what they all agree on.
"""
