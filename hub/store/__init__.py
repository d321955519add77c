"""The only SQL in the house: tables, the released view, search, history, grounds, messages, audit rows. SQLAlchemy Core."""
