"""What the examples of all boards share: Wi-Fi, clock, settings, and five programs. Copied onto a
board beside its main.py; docs/devices.md says how.
"""
