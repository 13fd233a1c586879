"""Runs after boot.py: what is special about this board, then the program that config.json names.
Ctrl-C ends it and gives the prompt; thinwire_board/ has to be on the board as well.
"""

import esp32
from machine import Pin
from thinwire_board import start

SWITCH = 2  # the LED of most boards; a relay may hang on any output


class Board:
    # I2S, at pins that most boards have free.
    microphone = {"id": 0, "sck": 14, "ws": 15, "sd": 32}
    speaker = {"id": 1, "sck": 26, "ws": 25, "sd": 22}

    def __init__(self):
        self._switch = Pin(SWITCH, Pin.OUT, value=0)

    def read_sensor(self):
        """Degrees Celsius: of the chip itself, until there is a better sensor."""
        if hasattr(esp32, "mcu_temperature"):  # S2, S3, C3, C6
            return esp32.mcu_temperature()
        return round((esp32.raw_temperature() - 32) / 1.8, 1)

    def set_switch(self, on):
        self._switch.value(1 if on else 0)

    def take_picture(self, path):
        """A JPEG of the camera; of firmware with the module `camera` (docs/devices.md)."""
        from camera import Camera, FrameSize, PixelFormat

        camera = Camera(pixel_format=PixelFormat.JPEG, frame_size=FrameSize.VGA)
        try:
            with open(path, "wb") as file:
                file.write(camera.capture())
        finally:
            camera.deinit()


start.run(Board())
