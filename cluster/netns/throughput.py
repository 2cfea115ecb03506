#!/usr/bin/env python3
"""usage: throughput.py receive | throughput.py send ADDRESS

The two ends of hosts measure: sends 20 MB over TCP and prints the rate at which they arrived.
"""

import socket
import sys
import time

PORT = 5201
BYTES = 20_000_000
CHUNK = 1 << 16
# How long the receiver may take to start, in seconds.
PATIENCE = 10


def receive() -> None:
    with socket.create_server(("", PORT)) as server:
        server.settimeout(PATIENCE)
        connection, _ = server.accept()
        with connection:
            received = 0
            while received < BYTES:
                received += len(connection.recv(CHUNK)) or sys.exit("throughput: connection ended")
            connection.sendall(b"\0")


def connect(address: str) -> socket.socket:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection((address, PORT), timeout=PATIENCE)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def send(address: str) -> None:
    with connect(address) as connection:
        started = time.monotonic()
        connection.sendall(bytes(BYTES))
        # The answer to the last byte: what is still in the sender's buffers has not arrived.
        connection.recv(1)
        seconds = time.monotonic() - started
    print(f"{8 * BYTES / seconds / 1e6:.0f} Mb/s")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["receive"]:
            receive()
        case ["send", address]:
            send(address)
        case _:
            sys.exit(__doc__)
