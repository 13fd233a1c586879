# Makes files of one: many small ones take a board's serial line ten times as long.

import os


def unpack(archive):
    # Each file: a line with its path and its size, then its bytes.
    count = 0
    with open(archive, "rb") as data:
        line = data.readline()
        while line:
            path, _, size = line.decode().rpartition(" ")
            folder = ""
            for part in path.split("/")[:-1]:
                folder += "/" + part
                try:
                    os.mkdir(folder)
                except OSError:
                    pass  # it is there
            with open("/" + path, "wb") as file:
                file.write(data.read(int(size)))
            count += 1
            line = data.readline()
    os.remove(archive)
    return count
