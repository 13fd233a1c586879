# How much a busy machine holds this process up. Runs on both runtimes.


def waited_ms():
    """Milliseconds for which this process has been ready to run and had no processor so far.

    What a program needs beyond this, it needs by itself. 0 where the kernel does not tell (Linux
    does, in proc_pid_schedstat).
    """
    try:
        with open("/proc/self/schedstat") as file:
            return int(file.read().split()[1]) // 1000000
    except OSError:
        return 0
