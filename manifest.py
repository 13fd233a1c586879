"""Freezes thinwire into a firmware: a board's own manifest says include("/path/to/this/file").

metadata(), package() and options are given by MicroPython's build, which runs this with CPython
in this folder. asyncio, the only other thing needed, is in the manifest of every board with a
network.

What a program does without can be left out, as in include("...", repair=False, roots=False).
Whoever uses it nevertheless gets an ImportError that names the file. What few programs use is left
out unless it is asked for, as in include("...", exoclaw=True).
"""

import os
import sys

OPTIONAL = {
    # Deployment(dialect="anthropic")
    "anthropic": (
        "thinwire/core/dialects/anthropic.py",
        "thinwire/core/dialects/anthropic_answer.py",
        "thinwire/core/dialects/anthropic_messages.py",
        "thinwire/core/dialects/anthropic_parts.py",
        "thinwire/core/dialects/anthropic_thinking.py",
    ),
    # from_config, from_env
    "config": (
        "thinwire/core/providers/config.py",
        "thinwire/core/providers/config_file.py",
        "thinwire/core/providers/environment.py",
        "thinwire/core/providers/origins.py",
        "thinwire/core/providers/other_names.py",
        "thinwire/core/providers/schema.py",
        "thinwire/core/providers/spelling.py",
    ),
    # Conversation, SyncConversation
    "conversation": (
        "thinwire/core/conversation/conversation.py",
        "thinwire/core/conversation/entry.py",
        "thinwire/core/conversation/history.py",
        "thinwire/core/conversation/prompt.py",
        "thinwire/core/conversation/sessions.py",
        "thinwire/core/conversation/sync_conversation.py",
        "thinwire/core/conversation/trimming.py",
        "thinwire/core/conversation/turn.py",
    ),
    # **more of Deployment: provider=, allow_private= and others
    "deployment_options": (
        "thinwire/core/dialects/authorization.py",
        "thinwire/core/providers/options.py",
        "thinwire/core/routing/prices.py",
    ),
    # client.models(), check(), probe()
    "discovery": (
        "thinwire/core/providers/check.py",
        "thinwire/core/providers/discovery.py",
        "thinwire/core/providers/model_list.py",
        "thinwire/core/providers/probe.py",
    ),
    "divert": ("thinwire/core/routing/divert.py",),  # Deployment(divert_on=), Diverted
    # client.post(), get(), open(), embeddings(), transcribe(), speak(), and what discovery asks
    "endpoints": (
        "thinwire/core/dialects/endpoint.py",
        "thinwire/core/request/endpoint_call.py",
        "thinwire/core/request/fresh_body.py",
        "thinwire/core/request/multipart.py",
        "thinwire/core/services/blocking.py",
        "thinwire/core/services/embeddings.py",
        "thinwire/core/services/endpoints.py",
        "thinwire/core/services/reply.py",
        "thinwire/core/services/speech.py",
    ),
    # OpenAIStreamingProvider; who writes for exoclaw asks for it
    "exoclaw": (
        "thinwire/compat/__init__.py",
        "thinwire/compat/exoclaw/__init__.py",
        "thinwire/compat/exoclaw/call_log.py",
        "thinwire/compat/exoclaw/client_transport.py",
        "thinwire/compat/exoclaw/content_file.py",
        "thinwire/compat/exoclaw/conversion.py",
        "thinwire/compat/exoclaw/errors.py",
        "thinwire/compat/exoclaw/private.py",
        "thinwire/compat/exoclaw/provider.py",
        "thinwire/compat/exoclaw/types.py",
    ),
    "files": ("thinwire/core/request/sources.py",),  # TextFile, DataURL
    "hedge": ("thinwire/core/hedge.py",),  # hedge_after=
    # JSONLMessages, JSONLHistory
    "history": (
        "thinwire/core/conversation/jsonl_history.py",
        "thinwire/core/request/jsonl.py",
        "thinwire/core/request/long_line.py",
    ),
    "hygiene": (
        "thinwire/core/dialects/hygiene.py",
    ),  # conversations with tools are sent as they are
    # into= of a call, and what comes with it
    "into": (
        "thinwire/core/conversation/into.py",
        "thinwire/core/conversation/into_blocking.py",
        "thinwire/core/conversation/json_schema.py",
        "thinwire/core/conversation/partial_json.py",
    ),
    "limits": ("thinwire/core/routing/limits.py",),  # max_concurrent=, requests_per_minute=
    # log=, on_event=
    "log": ("thinwire/core/observer.py", "thinwire_device/log.py"),
    "on_chunk": ("thinwire/core/answer/on_chunk.py",),  # on_chunk=
    # reasoning_effort= of a call; rename=, drop= and others of a deployment; the other dialects
    "parameters": (
        "thinwire/core/dialects/parameters.py",
        "thinwire/core/dialects/prompt_caching.py",
        "thinwire/core/dialects/reasoning.py",
        "thinwire/core/request/reasoning.py",
    ),
    # thinwire.parts
    "parts": ("thinwire/core/request/parts.py", "thinwire/parts.py"),
    # provider=, and what suits a server of a known host
    "presets": ("thinwire/core/providers/presets.py", "thinwire/core/providers/azure.py"),
    # Deployment(allow_private=False)
    "public_only": (
        "thinwire/core/providers/public_only.py",
        "thinwire_device/public_addresses.py",
    ),
    # recorder=, on_request=, on_response=, on_stream_complete=
    "recorder": (
        "thinwire/core/answer/wire_hooks.py",
        "thinwire/core/wire/recorder.py",
        "thinwire/core/wire/tap.py",
    ),
    "repair": ("thinwire_device/repair.py",),  # ToolCall.repair()
    "resolve": ("thinwire/core/providers/resolve.py",),  # "provider:model", "*"
    # Deployment(dialect="responses")
    "responses": (
        "thinwire/core/dialects/responses.py",
        "thinwire/core/dialects/responses_answer.py",
        "thinwire/core/dialects/responses_input.py",
    ),
    "roots": ("thinwire_device/roots.py",),  # https, but with cadata=, pin= or verify=False
    # sentences(), Sentences
    "sentences": (
        "thinwire/core/conversation/voice/characters.py",
        "thinwire/core/conversation/voice/sentence_ends.py",
        "thinwire/core/conversation/voice/sentence_splitter.py",
        "thinwire/core/conversation/voice/sentences.py",
    ),
    "sse": ("thinwire/sse.py",),
    "store": ("thinwire/core/routing/store.py",),  # store=
    # usage and whole tool calls among the events of a stream
    "stream_events": (
        "thinwire/core/answer/stream_events.py",
        "thinwire/core/answer/whole_calls.py",
    ),
    "sync": ("thinwire/core/sync.py",),  # Client
    "think_tags": ("thinwire/core/answer/think_tags.py",),  # Deployment(think_tags=)
    # client.run_tools(), stream_tools()
    "tools": (
        "thinwire/core/conversation/joined.py",
        "thinwire/core/conversation/sync_tool_loop.py",
        "thinwire/core/conversation/tool.py",
        "thinwire/core/conversation/tool_loop.py",
        "thinwire/core/conversation/tool_results.py",
        "thinwire/core/conversation/tool_run.py",
    ),
    "to_dict": ("thinwire/core/answer/as_json.py",),  # to_dict()
    # Voice, Microphone, Speaker; needs endpoints, sentences and conversation as well
    "voice": (
        "thinwire/core/conversation/voice/beside.py",
        "thinwire/core/conversation/voice/microphone.py",
        "thinwire/core/conversation/voice/speaker.py",
        "thinwire/core/conversation/voice/utterance.py",
        "thinwire/core/conversation/voice/voice.py",
    ),
}
ON_REQUEST = ("exoclaw",)  # left out unless asked for
BUNDLES = "bundles"  # not a file: whether what is loaded at one time is one module
# MicroPython's tool has no question for what was given, and takes any name for an option.
for name in options._kwargs:
    if name not in OPTIONAL and name != BUNDLES:
        raise ValueError("thinwire has no option %s=: %s" % (name, ", ".join(sorted(OPTIONAL))))
options.defaults(bundles=True, **{name: name not in ON_REQUEST for name in OPTIONAL})
LEFT_OUT = [file for name in OPTIONAL if not getattr(options, name) for file in OPTIONAL[name]]
CPYTHON = "thinwire/core/_cpython.py"


def files(base, folder):
    # package() alone would freeze all of src/thinwire, most of which only CPython can run.
    for place, _, names in os.walk(os.path.join(base, folder)):
        for name in names:
            file = os.path.relpath(os.path.join(place, name), base).replace(os.sep, "/")
            if name.endswith(".py") and file != CPYTHON and file not in LEFT_OUT:
                yield file.partition("/")[2]


# No version, which the build would write into each module: the one of thinwire is in its __init__.
metadata(
    description="LLM client that streams both ways in constant memory",
    author="thinwire contributors",
    license="MIT",
)

# opt=3 drops asserts, docstrings and line numbers: less flash and less RAM.
DOORS = ("__init__.py", "parts.py", "sse.py", "transport.py")
FACES = [file for file in DOORS if "thinwire/" + file not in LEFT_OUT]
ASKED_FOR = [file for name in ON_REQUEST if getattr(options, name) for file in OPTIONAL[name]]
CORE = FACES + sorted(files("src", "thinwire/core"))
CORE += [file.partition("/")[2] for file in ASKED_FOR]
DEVICE = sorted(files("port_micropython", "thinwire_device"))
PLACES = (("thinwire", "src", CORE), ("thinwire_device", "port_micropython", DEVICE))
BUNDLED = {}  # name of a package -> its files that are other ones in a bundle
if options.bundles:
    sys.path.insert(0, os.path.abspath("tools"))
    import bundles

    sys.path.pop(0)
    BUNDLED = bundles.write("dist/bundles", {name: base for name, base, _ in PLACES})
for package_name, base, listed in PLACES:
    made = BUNDLED.get(package_name, ())
    left = [file for file in listed if file not in made]
    package(package_name, files=tuple(left), base_path=base, opt=3)
    if made:
        package(package_name, files=tuple(made), base_path="dist/bundles", opt=3)
