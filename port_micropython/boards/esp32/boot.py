"""Runs at power-up, before main.py. A boot.py that fails makes a board hard to reach: so it does
next to nothing.
"""

import esp

esp.osdebug(None)  # ESP-IDF's own messages would stand between the words of a chat
