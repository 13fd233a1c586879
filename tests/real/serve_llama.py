"""Serves a tiny model with llama.cpp's own server: python serve_llama.py MODEL PORT KEY.

The model is made on the spot: two layers of random weights, always the same, and a vocabulary of a
few words, letters and bytes. Its words mean nothing; how they travel is llama.cpp's.
"""

import sys
import threading

import gguf
import numpy as np
import xllamacpp

LAYERS, WIDTH, HEADS, INNER, CONTEXT = 2, 64, 4, 128, 2048
WORDS = "hello there all of you the a is was in to and that it for with at by 日本 é 😀".split()
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "assistant:"
)
_SPACE = "\u2581"  # how SentencePiece writes one
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6


def pieces() -> list[tuple[bytes, float, int]]:
    """(text, score, kind) of each piece of the vocabulary; the first words are the likeliest."""
    special = [(b"<unk>", 0.0, _UNKNOWN), (b"<s>", 0.0, _CONTROL), (b"</s>", 0.0, _CONTROL)]
    raw = [(b"<0x%02X>" % value, 0.0, _BYTE) for value in range(256)]
    texts = [text for word in WORDS for text in (word, _SPACE + word)]
    texts += [chr(code) for code in range(33, 127)] + [_SPACE]
    plain = [
        (text.encode(), -float(rank), _NORMAL) for rank, text in enumerate(dict.fromkeys(texts))
    ]
    return special + raw + plain


def write_model(path: str) -> None:
    """Writes the model as a GGUF file."""
    vocabulary = pieces()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("llama")
    texts, scores, kinds = zip(*vocabulary, strict=True)
    writer.add_token_list(texts)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(TEMPLATE)
    random = np.random.default_rng(1)
    shapes = {"token_embd": (len(vocabulary), WIDTH), "output": (len(vocabulary), WIDTH)}
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"blk.{layer}.{name}"] = (WIDTH, WIDTH)
        shapes[f"blk.{layer}.ffn_gate"] = shapes[f"blk.{layer}.ffn_up"] = (INNER, WIDTH)
        shapes[f"blk.{layer}.ffn_down"] = (WIDTH, INNER)
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", random.normal(0, 0.3, shape).astype(np.float32))
    for layer in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main(model: str, port: str, key: str) -> None:
    """Serves until it is terminated."""
    write_model(model)
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = int(port)
    params.api_keys = [key]
    params.n_parallel = 4
    params.n_ctx = params.n_parallel * CONTEXT
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)  # its threads are the server's own
    print(server.listening_address, flush=True)
    threading.Event().wait()


main(*sys.argv[1:])
