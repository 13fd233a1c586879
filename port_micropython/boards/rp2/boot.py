"""Runs at power-up, before main.py. A boot.py that fails makes a board hard to reach: so it does
next to nothing.
"""

from machine import Pin

Pin("LED", Pin.OUT, value=0)
