"""The portal: pages from the server, for care staff, patients and guardians. `portal_routes` gives those of a `Portal`."""

from hub.portal.pages import missing_page, portal_routes
from hub.portal.site import Portal, Post

__all__ = ["Portal", "Post", "missing_page", "portal_routes"]
