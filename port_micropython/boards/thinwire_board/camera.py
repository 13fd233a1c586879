"""A picture from the camera, or one that lies on the flash, and a question about it. The file is
read, and turned into base64, while it is sent: it may be larger than the memory that is free.
"""

import sys

from thinwire import DataURL, ThinwireError

PICTURE = "photo.jpg"
_QUESTION = "What do you see? Answer in one sentence."


async def run(client, settings, board):
    """Takes a picture, asks about it, prints the answer as it comes."""
    board.take_picture(PICTURE)
    parts = [
        {"type": "text", "text": settings.get("question", _QUESTION)},
        {"type": "image_url", "image_url": {"url": DataURL(PICTURE)}},
    ]
    try:
        await client.chat(
            [{"role": "user", "content": parts}], on_delta=sys.stdout.write, keep="none"
        )
        print()
    except ThinwireError as error:
        print("failed:", error)
