"""What a client can do beside a chat: any endpoint, and what is made of some of them. Nothing here
is loaded before it is asked for.
"""
