"""Åkerby kommun: a system that drops files of semicolon-separated values in a folder."""
