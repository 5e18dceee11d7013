"""The way from the functions to DynamoDB. It can be cut and shut, and sees who signs."""

import socket
import threading

from namespace import CHUNK, LOOPBACK, without_delay


class Gate:
    """Forwards connections to a port of this machine. If it is shut, it closes new ones. If it is mute, they get no
    answer. `marks` are texts that the first bytes of each connection must contain: a client of DynamoDB sends its
    headers first."""

    def __init__(self, target, *marks):
        self.target, self.marks = target, [mark.encode() for mark in marks]
        self.is_shut, self.is_mute = False, False
        self.open, self.unmarked, self.lock = set(), 0, threading.Lock()
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Closes all connections, as networks do with idle ones. Returns their number."""
        with self.lock:
            connections, self.open = self.open, set()
        for connection in connections:
            shut(connection)
        return len(connections)

    def end(self):
        self.is_shut = True
        self.cut()
        self.listener.close()

    def _accept(self):
        while True:
            try:
                inner, _ = self.listener.accept()
            except OSError:
                return
            if self.is_shut:
                inner.close()
                continue
            with self.lock:
                self.open.add(inner)
            if self.is_mute:
                continue
            outer = socket.create_connection((LOOPBACK, self.target))
            for pair in (inner, outer, self.marks), (outer, inner, ()):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source, sink, marks):
        without_delay(sink)
        try:
            while chunk := source.recv(CHUNK):
                if marks and not all(mark in chunk for mark in marks):
                    self.unmarked += 1
                marks = ()
                sink.sendall(chunk)
        except OSError:
            pass
        with self.lock:
            self.open.discard(source)
        shut(source)
        shut(sink)


def shut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
