"""A network namespace of its own, as each instance of a function has one. It contains nothing but
127.0.0.1. A socket belongs for ever to the namespace in which it was made, so this script serves and calls
inside of it without a process there."""

import ctypes
import fcntl
import os
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
CHUNK = 65536
LOOPBACK = "127.0.0.1"


class Namespace:
    """A network namespace. It ends with its last process, socket and open file."""

    def __init__(self):
        self.file = on_new_thread(create)

    def listen(self, port):
        """A socket that listens inside."""
        def make():
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, port))
            listener.listen()
            return listener
        return self.inside(make)

    def connect(self, port, timeout):
        """A connection to a port inside."""
        return self.inside(lambda: without_delay(socket.create_connection((LOOPBACK, port), timeout)))

    def forward(self, port, target):
        """Lets connections to a port inside reach a port of this machine."""
        threading.Thread(target=forward, args=(self.listen(port), target), daemon=True).start()

    def listeners(self):
        """The addresses that listen inside, as (IP address, port)."""
        return self.inside(lambda: listening("tcp", socket.AF_INET) | listening("tcp6", socket.AF_INET6))

    def inside(self, action):
        def entered():
            succeed(LIBC.setns(self.file, CLONE_NEWNET))
            return action()
        return on_new_thread(entered)

    def close(self):
        os.close(self.file)


def on_new_thread(action):
    """The namespace of a thread ends with the thread, so each action has a new one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(action).result()


def create():
    succeed(LIBC.unshare(CLONE_NEWNET))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        _, flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def succeed(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def listening(table, family):
    found = set()
    with open(f"/proc/thread-self/net/{table}", encoding="ascii") as lines:
        for line in list(lines)[1:]:
            address, state = line.split()[1], line.split()[3]
            if state == "0A":  # LISTEN
                host, port = address.split(":")
                words = struct.unpack(f">{len(host) // 8}I", bytes.fromhex(host))
                packed = struct.pack(f"={len(words)}I", *words)
                found.add((socket.inet_ntop(family, packed), int(port, 16)))
    return found


def forward(listener, target):
    while True:
        inner, _ = listener.accept()
        try:
            outer = socket.create_connection((LOOPBACK, target))
        except OSError:
            inner.close()
            continue
        without_delay(inner)
        without_delay(outer)
        for pair in (inner, outer), (outer, inner):
            threading.Thread(target=pump, args=pair, daemon=True).start()


def without_delay(connection):
    """Small packets do not wait for an acknowledgement."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def pump(source, sink):
    try:
        while chunk := source.recv(CHUNK):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
