"""A pretend network in place of a provider: nothing leaves the machine. Delete this folder and the demo has no network.

`network` is the plain object that a demo steps through time; `channel` puts it behind the port that services use.
"""

from notifier.channels.simulator.channel import SimulatorChannel
from notifier.channels.simulator.network import NO_TROUBLE, Fate, Odds, SimulatedMessage, SimulatedNetwork

__all__ = ["NO_TROUBLE", "Fate", "Odds", "SimulatedMessage", "SimulatedNetwork", "SimulatorChannel"]
