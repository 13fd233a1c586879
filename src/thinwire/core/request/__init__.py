"""The way out: what a caller asks for, and the body that is read while it is sent."""
