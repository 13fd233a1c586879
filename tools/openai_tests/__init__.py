"""openai's own tests, run against thinwire's face of it: `make test-openai`.

The sdist is fetched by pip at a pinned hash and unpacked into .tools/; its tests run in an
environment of their own, each file in which openai's public interface is what is tested. Nothing
of them is changed but the import (swap.py). With `--write` the counts go into
docs/migrating/openai.md.
"""
