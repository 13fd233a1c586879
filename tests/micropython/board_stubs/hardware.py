"""What a board has and the unix port lacks: the other files of this folder stand for modules of
the firmware. What is done to them is written into hardware.log, for the test; hardware.json says
how the Wi-Fi behaves.
"""

import json


def note(*words):
    with open("hardware.log", "a") as log:
        log.write(" ".join([str(word) for word in words]) + "\n")


def behaviour():
    try:
        with open("hardware.json") as file:
            return json.load(file)
    except OSError:
        return {}
