"""The portal: pages from the server, for care staff, patients and guardians. `portal_routes` gives them all."""

from hub.portal.pages import portal_routes
from hub.portal.site import Post

__all__ = ["Post", "portal_routes"]
