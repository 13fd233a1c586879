"""The first ESP32 measures in degrees Fahrenheit; the newer ones have mcu_temperature()."""


def raw_temperature():
    return 81
