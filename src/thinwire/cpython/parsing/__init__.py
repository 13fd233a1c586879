"""What the way back does at the speed of C, where CPython has it; loaded with the first answer."""
