"""Runs after boot.py: what is special about this board, then the program that config.json names.
Ctrl-C ends it and gives the prompt; thinwire_board/ has to be on the board as well.
"""

import os

from machine import ADC, Pin
from thinwire_board import start

SWITCH = "LED"  # a relay may hang on any output, as in Pin(15, Pin.OUT)
_SENSOR = 4  # the ADC's input that measures the chip (RP2040 datasheet, 4.9.5)


class Board:
    # I2S, where ws is the pin behind sck.
    microphone = {"id": 0, "sck": 10, "ws": 11, "sd": 12}
    speaker = {"id": 1, "sck": 18, "ws": 19, "sd": 20}

    def __init__(self):
        self._switch = Pin(SWITCH, Pin.OUT, value=0)
        self._sensor = ADC(_SENSOR)

    def read_sensor(self):
        """Degrees Celsius: of the chip itself, until there is a better sensor."""
        volts = self._sensor.read_u16() * 3.3 / 65535
        return round(27 - (volts - 0.706) / 0.001721, 1)

    def set_switch(self, on):
        self._switch.value(1 if on else 0)

    def take_picture(self, path):
        """There is no camera: a picture has been copied onto the board."""
        if path not in os.listdir():
            raise ValueError("no %s on this board: mpremote fs cp %s :" % (path, path))


start.run(Board())
