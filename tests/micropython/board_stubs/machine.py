from hardware import note


class Pin:
    OUT = 1

    def __init__(self, name, mode, value=None):
        self._name = name
        note("pin", name, value)

    def value(self, on):
        note("pin", self._name, on)


class ADC:
    def __init__(self, channel):
        note("adc", channel)

    def read_u16(self):
        return 14000  # 0.705 V


class RTC:
    def datetime(self, moment):
        note("clock", *moment[:3])
