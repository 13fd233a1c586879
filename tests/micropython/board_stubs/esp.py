from hardware import note


def osdebug(level):
    note("osdebug", level)
