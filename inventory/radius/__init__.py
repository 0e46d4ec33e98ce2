"""The blast radius: from one integration to all that it reaches, the order in which that is revoked, and what stops then."""

from inventory.radius.known import Known, Seen, Sum, Under
from inventory.radius.measure import measured, radius
from inventory.radius.model import STATES, Radius
from inventory.radius.stopping import downstream

__all__ = ["STATES", "Known", "Radius", "Seen", "Sum", "Under", "downstream", "measured", "radius"]
