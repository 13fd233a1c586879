"""Faces of thinwire in the shape of other libraries: what they return and raise is theirs."""
