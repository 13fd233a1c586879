"""An RP2040 that runs real firmware, with a network that is this computer's loopback."""
