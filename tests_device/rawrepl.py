# The raw REPL of a board, for the unix port of MicroPython, whose own REPL has none. Run as its
# script with stdin and stdout on a pty, it is enough of a board for mpremote.
#
# Bytes from the host:   in friendly mode                    in raw mode
#   Ctrl-A               enter raw mode, banner              banner again
#   Ctrl-B               prompt                              leave to friendly mode
#   Ctrl-C               prompt                              forget the source, prompt
#   Ctrl-D               soft reset                          run the source; soft reset if none
#   Ctrl-E "A" Ctrl-A    ignored                             "R\0": raw paste is not supported
#   other bytes          ignored                             collected as source
#
# A run answers: "OK", the output, Ctrl-D, the traceback if any, Ctrl-D, ">".

import gc
import sys

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
PROMPT = b"\r\n>>> "


def write(data):
    sys.stdout.buffer.write(data)


class Repl:
    def __init__(self):
        self.raw = False
        self.source = bytearray()
        self.names = {}
        self.forget()

    def serve(self):
        keys = {1: self.enter, 2: self.leave, 3: self.interrupt, 4: self.finish, 5: self.paste}
        while True:
            byte = sys.stdin.buffer.read(1)
            if not byte:
                return
            action = keys.get(byte[0])
            if action:
                action()
            elif self.raw:
                self.source.extend(byte)

    def enter(self):
        self.raw = True
        self.source = bytearray()
        write(BANNER)

    def leave(self):
        self.raw = False
        write(PROMPT)

    def interrupt(self):
        self.source = bytearray()
        write(b"\r\n>" if self.raw else PROMPT)

    def paste(self):
        if self.raw and not self.source:
            sys.stdin.buffer.read(2)
            write(b"R\x00")

    def finish(self):
        source, self.source = self.source, bytearray()
        if self.raw and source:
            self.run(source)
        else:
            self.reset()

    def reset(self):
        self.forget()
        write(b"OK\r\nMPY: soft reboot\r\n")
        write(BANNER if self.raw else PROMPT)

    def forget(self):
        # A board forgets its modules as well: each run imports afresh.
        for name in list(sys.modules):
            if name not in ("__main__", "sys"):
                del sys.modules[name]
        self.names = {"__name__": "__main__"}
        gc.collect()

    def run(self, source):
        write(b"OK")
        error = self.guarded(source)
        write(b"\x04")
        if error:
            sys.print_exception(error, sys.stdout)
        write(b"\x04>")

    def guarded(self, source):
        try:
            exec(source.decode(), self.names)
        except SystemExit:
            pass  # ends the program; a board reports no error either
        except BaseException as error:
            return error
        return None


sys.path[0] = ""  # a board looks in its root, not where this script lies
Repl().serve()
