"""Reads a resource a line as JSON, and answers each with a line of JSON: what Google's FHIR library has against it, or "".

Runs in an environment of its own (`make clients`): the library needs a protobuf of 2021. It imports nothing of ours.
"""

import json
import sys

from google.fhir.r4 import json_format
from google.fhir.r4.proto.core.resources.bundle_and_contained_resource_pb2 import ContainedResource

for line in sys.stdin:
    try:
        json_format.json_fhir_string_to_proto(line, ContainedResource, validate=True, default_timezone="Z")
        said = ""
    except Exception as fault:  # whatever it is, it is what the library thinks of the resource
        said = f"{type(fault).__name__}: {fault}"
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
