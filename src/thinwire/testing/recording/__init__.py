"""Exchanges with a real server: recorded, without their secrets, and played again."""
