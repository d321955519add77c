"""Norrdals sjukhus: a laboratory and booking system that pushes HL7 v2.5.1 over MLLP.

`er7` writes, `laboratory` and `bookings` say what, `sender` delivers and reads the acknowledgement.
"""
