"""Subscription: a wish to be told of changes, kept as it is written: the hub sends no notifications, and sets no status.

Source: http://hl7.org/fhir/R4/subscription.html
"""

from hub.fhir.types import resource_type

SUBSCRIPTION = resource_type("Subscription", shared=True)
