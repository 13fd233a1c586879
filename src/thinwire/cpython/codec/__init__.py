"""JSON at the speed of C, where CPython has it: the way out (json_text) and the way back."""
