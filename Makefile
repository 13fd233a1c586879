# `make` lists the targets. Everything lives in .venv and .tools, inside this folder.
PYTHON ?= python3
PY := .venv/bin/python
CHECK := import sys; sys.exit(sys.version_info < (3, 11) and \
  "thinwire needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12")
# Core is covered by its own tests alone, and by those of what reads for it on CPython; measuring the
# others would only make them slow, and those that try every way to cut a stream three times as
# slow, for no branch that is new.
READING := tests/cpython/test_chunk_runs.py tests/cpython/test_fast_json.py
CORE_TESTS := tests/shared tests/core $(READING)
EVERY_CUT := \
  tests/shared/test_stream.py::test_every_cut_gives_the_same \
  tests/shared/test_stream.py::test_every_cut_of_tool_calls_gives_the_same \
  tests/shared/test_stream_endings.py::test_bad_ends_are_the_same_for_each_cut \
  tests/shared/test_stream_endings.py::test_good_ends \
  tests/shared/dialects/test_responses_answer.py::test_reasoning_and_tools \
  tests/shared/dialects/test_responses_answer.py::test_text \
  tests/shared/dialects/test_anthropic_answer.py::test_calls_are_read_however_they_are_cut \
  tests/shared/dialects/test_anthropic_answer.py::test_thoughts_are_read_and_noted_however_they_are_cut \
  tests/shared/wire/test_json_encode.py::test_any_document_parses_back_at_each_buffer_size \
  tests/core/test_config_properties.py \
  tests/core/test_model_list_properties.py \
  tests/core/test_json_encode_properties.py::test_bytes_are_those_of_the_json_module \
  tests/core/test_json_encode_properties.py::test_so_they_are_however_small_the_pieces \
  tests/core/test_json_grammar_properties.py::test_a_text_passes_when_the_parser_reads_it \
  tests/core/test_sse_properties.py::test_any_stream_through_any_buffer_in_any_steps \
  tests/core/test_utf8_properties.py::test_replacing_is_what_python_replaces \
  tests/core/test_answers_are_linear.py \
  tests/shared/test_stream_endings.py::test_a_finish_reason_in_each_chunk_is_an_answer_with_its_end \
  tests/shared/test_stream_endings.py::test_a_call_without_arguments_is_told_at_the_end_at_the_latest \
  tests/shared/test_stream_endings.py::test_choices_that_come_one_after_the_other \
  tests/shared/test_stream_endings.py::test_a_body_that_ends_anywhere_is_never_taken_for_whole
OTHER_TESTS := tests_device tests/cpython tests/micropython
# Most tests wait, for a socket, a clock, another process, or the firmware that is being built: more
# workers than there are cores.
WORKERS ?= 5
# tests/conftest.py says what stays on one worker, and what comes first.
PYTEST = $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 10
FIRMWARE = PYTHONPATH=tools $(PY) -m firmware
SETUP_SCRIPTS := $(wildcard tools/*micropython*.py)
export DEVICE
# Tests start hundreds of Pythons, each of which would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
MPREMOTE = $(PY) -m mpremote connect "$(or $(DEVICE),auto)"

.PHONY: help setup demo check test covered test-all test-real test-openai test-exoclaw test-micropython test-emulated test-device firmware firmware-emulated chiplike bench bench-quick bench-device flash device-shell mip lint format size size-options clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile | awk -F': ' '{printf "  make %-18s %s\n", $$1, $$2}'

setup: .venv/ready .tools/ready ## create .venv, fetch MicroPython (instant when done)
	@$(PY) tools/get_micropython.py

.venv/ready: pyproject.toml
	@$(PYTHON) -c '$(CHECK)'
	$(PYTHON) -m venv --clear .venv && $(PY) -m pip install -qq --upgrade "pip>=25.1"
	$(PY) -m pip install -qq --editable . --group dev && touch $@

.tools/ready: $(SETUP_SCRIPTS)
	@rm -rf .tools && mkdir .tools && touch $@

demo: setup ## see it work, without a key and without the internet
	@$(PY) examples/demo.py

check: lint ## a developer's minute: style, types, core on one CPython
	$(PYTEST) -q $(CORE_TESTS)

# The firmware takes longest. It is built beside everything else, and its tests wait for it.
test: setup ## all gates that need no board
	@{ $(FIRMWARE) emulated; $(FIRMWARE) chiplike; } >.tools/firmware.log 2>&1 & \
	$(MAKE) --no-print-directory lint covered && \
	EMULATED=1 $(PYTEST) $(READING:%=--ignore=%) $(OTHER_TESTS) $(EVERY_CUT); status=$$?; wait; exit $$status

covered: setup ## the tests of core, which have to reach each of its branches
	$(PYTEST) -q --cov --cov-fail-under 100 $(EVERY_CUT:%=--deselect=%) $(CORE_TESTS)

test-all: test ## also every other Python there is, and what is too heavy for each change
	THINWIRE_FUZZ=3000 $(PYTEST) tests/cpython/test_fuzz.py
	EMULATED=1 THINWIRE_FULL=1 $(PYTEST) --dist load \
	  tests_device/test_emulated_chat.py tests_device/test_emulated_blocks.py \
	  tests_device/test_emulated_core.py tests_device/test_emulated_exoclaw.py \
	  tests_device/test_emulated_conversation.py tests_device/test_emulated_tools.py \
	  tests_device/test_emulated_commands.py tests_device/test_emulated_voice.py \
	  tests_device/test_devices_page.py tests_device/test_agent_heap.py \
	  tests_device/test_heap_faults.py tests_device/test_conversation_heap.py \
	  tests/micropython/test_shared_on_micropython.py tests/micropython/test_board_examples.py
	THINWIRE_SOAK=8 $(PYTEST) tests/cpython/test_soak.py
	THINWIRE_FULL=1 $(PYTEST) tests/cpython/test_conversation_kills.py \
	  tests/cpython/test_conversations.py tests/cpython/test_closing.py tests/cpython/test_scenarios.py \
	  tests/cpython/test_faults.py tests/cpython/test_memory.py \
	  tests/cpython/test_history_kills.py tests/micropython/test_agent_heap.py
	@$(MAKE) --no-print-directory test-real test-exoclaw
	@$(PY) tools/every_python.py

.tools/llama_cpp/ready: .tools/ready
	$(PYTHON) -m venv --clear .tools/llama_cpp
	.tools/llama_cpp/bin/python -m pip install -qq "xllamacpp==2026.10.11549" "gguf>=0.19,<0.20" && touch $@

test-real: setup .tools/llama_cpp/ready ## llama.cpp's own server, alone and behind nginx and haproxy if installed
	THINWIRE_REAL=1 $(PY) -m pytest tests/real

test-openai: setup ## openai's own tests against thinwire.compat.openai; WRITE=--write for the page
	PYTHONPATH=tools $(PY) -m openai_tests $(WRITE)

test-exoclaw: setup ## the tests of exoclaw-provider-openai itself, from PyPI, on our face for it
	$(PY) tools/exoclaw_own_tests.py

test-micropython: setup ## only what runs on MicroPython
	$(PY) -m pytest tests/micropython

test-emulated: setup ## real firmware on an emulated RP2040: sockets, TLS, mpremote
	EMULATED=1 $(PY) -m pytest -s $(wildcard tests_device/test_emulated*.py)

test-device: setup ## through mpremote; DEVICE=/dev/ttyACM0 for a real board
	$(PY) -m pytest tests_device

firmware: .venv/ready ## PORT=rp2 BOARD=RPI_PICO_W MPY_DIR=...: thinwire frozen in
	@$(FIRMWARE) board --port "$(PORT)" --board "$(BOARD)" --mpy-dir "$(MPY_DIR)"

firmware-emulated: setup ## for the emulated RP2040, from Debian's sources
	@$(FIRMWARE) emulated

chiplike: setup ## MicroPython for this machine with a chip's words, floats and heap
	@$(FIRMWARE) chiplike

bench: .venv/ready ## speed and memory beside other clients, into docs/performance.md; WITHOUT=litellm
	@$(PY) -m bench $(if $(WITHOUT),--without $(WITHOUT))

bench-quick: .venv/ready ## the same in two minutes, only printed; ONLY=receive,turn LEGS=exoclaw,...
	@$(PY) -m bench --quick $(if $(ONLY),--only "$(ONLY)") $(if $(LEGS),--legs $(LEGS))

bench-device: setup ## memory on a chip, measured and written into docs/memory.md
	@PYTHONPATH=tools:tests:tests_device:. $(PY) -m bench.device

flash: .venv/ready ## PORT=rp2 FILE=x.uf2; PORT=esp32 FILE=x.bin CHIP=esp32s3 ERASE=1
	@$(PY) tools/flash.py --port "$(PORT)" --device "$(or $(DEVICE),auto)" \
	  --chip "$(or $(CHIP),esp32)" $(if $(ERASE),--erase) $(FILE)

device-shell: .venv/ready ## prompt of the board, thinwire imported from this folder; Ctrl-]
	@$(MPREMOTE) mount . exec "import sys; sys.path[:0] = ('src', 'port_micropython')" repl

mip: .venv/ready ## install thinwire onto the board, compiled; DEVICE=/dev/ttyACM0
	@$(PY) tools/mip_package.py --build dist/mip
	@$(MPREMOTE) mip install dist/mip/package.json

lint: .venv/ready ## style, format, types
	$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy
	$(PY) -m mypy --config-file port_micropython/mypy.ini

format: .venv/ready ## rewrite the source as `make lint` wants it
	$(PY) -m ruff check --fix . && $(PY) -m ruff format .

size: .venv/ready ## bytes of each module on a device
	@$(PY) tools/size.py

size-options: .venv/ready ## bytes of each option of manifest.py, and into docs/memory.md
	@$(PY) tools/size.py --options

clean: ## remove everything that make created
	rm -rf .venv .tools dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
