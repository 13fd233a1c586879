"""Images, audio and documents as parts of a message, for every wire: from a path, which is read
while it is sent, from bytes, or from an open file; on both runtimes.

    from thinwire import parts

    photo = parts.image("photo.jpg")
    client.chat([{"role": "user", "content": [{"type": "text", "text": "What is it?"}, photo]}])
"""

from thinwire.core.request.parts import audio as audio
from thinwire.core.request.parts import document as document
from thinwire.core.request.parts import image as image

__all__ = ("audio", "document", "image")
