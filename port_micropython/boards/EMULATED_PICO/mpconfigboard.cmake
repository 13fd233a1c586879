# A Raspberry Pi Pico whose network is PPP over UART1: the tests' emulator has no radio.
set(PICO_BOARD "pico")
set(PICO_PLATFORM "rp2040")
set(MICROPY_PY_LWIP 1)
list(APPEND MICROPY_SOURCE_BOARD ${MICROPY_BOARD_DIR}/ppp_lock.c)
add_link_options(-Wl,--wrap=pppos_input)
