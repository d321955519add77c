"""Primitive values, character by character."""

import re

from hub.fhir.primitives import CHECKS

NOWHERE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""http://hl7.org/fhir/R4/datatypes.html#string, and what no XML can hold."""


def test_of_every_character_it_is_told_whether_a_text_and_an_address_may_hold_it():
    told = [f"a{chr(each)}b" for each in range(0x11000)]
    wrong = [each for each in told if NOWHERE.search(each)]
    assert [each for each in told if CHECKS["string"](each)] == wrong
    assert [each for each in told if CHECKS["uri"](each)] == [
        each for each in told if NOWHERE.search(each) or re.search(r"\s", each)
    ]
