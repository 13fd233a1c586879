// MicroPython 1.25 hands what PPP has received to lwIP without lwIP's lock. On this port lwIP's
// timers interrupt it there, and a connection stops in the middle: a retransmission that comes
// with an acknowledgement loses it. The linker leads the calls here (mpconfigboard.cmake).
#include "py/mphal.h"
#include "netif/ppp/pppos.h"

void __real_pppos_input(ppp_pcb *ppp, u8_t *data, int size);

void __wrap_pppos_input(ppp_pcb *ppp, u8_t *data, int size) {
    MICROPY_PY_LWIP_ENTER
    __real_pppos_input(ppp, data, size);
    MICROPY_PY_LWIP_EXIT
}
