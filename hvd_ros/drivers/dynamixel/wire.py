# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Dynamixel Protocol 2.0 as bytes, seen from the motors' side.

The driver speaks through the official SDK; this is the other end, written from the public
protocol description, so that the two check each other.
"""

from dataclasses import dataclass

HEADER = b'\xff\xff\xfd\x00'
BROADCAST = 0xFE
LONGEST = 1024

PING = 0x01
READ = 0x02
WRITE = 0x03
REG_WRITE = 0x04
ACTION = 0x05
REBOOT = 0x08
CLEAR = 0x10
STATUS = 0x55
SYNC_READ = 0x82
SYNC_WRITE = 0x83
FAST_SYNC_READ = 0x8A


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x8005 if value & 0x8000 else value << 1
        table.append(value & 0xFFFF)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes, start: int = 0) -> int:
    """Return CRC-16 with polynomial 0x8005, not reflected, from a start value."""
    crc = start
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ _CRC[(crc >> 8) ^ byte]
    return crc


def stuff(body: bytes) -> bytes:
    """Double the FD of every FF FF FD, so that the header can not appear inside a packet."""
    return body.replace(b'\xff\xff\xfd', b'\xff\xff\xfd\xfd')


def unstuff(body: bytes) -> bytes:
    """Undo stuff()."""
    return body.replace(b'\xff\xff\xfd\xfd', b'\xff\xff\xfd')


def packet(motor: int, instruction: int, parameters: bytes = b'') -> bytes:
    """Return a whole packet: header, id, length, stuffed body, CRC."""
    body = stuff(bytes([instruction]) + parameters)
    head = HEADER + bytes([motor]) + (len(body) + 2).to_bytes(2, 'little') + body
    return head + crc16(head).to_bytes(2, 'little')


def status(motor: int, error: int, data: bytes = b'') -> bytes:
    """Return a status packet."""
    return packet(motor, STATUS, bytes([error]) + data)


def fast_status(rows: list[tuple[int, int, bytes]]) -> bytes:
    """
    Return the joint reply to a fast sync read, given (id, error, data) per motor.

    Each motor appends error, id, data and the CRC over everything before.
    """
    length = 1 + sum(4 + len(data) for _, _, data in rows)
    out = HEADER + bytes([BROADCAST]) + length.to_bytes(2, 'little') + bytes([STATUS])
    for motor, error, data in rows:
        out += bytes([error, motor]) + data
        out += crc16(out).to_bytes(2, 'little')
    return out


def read_fast_reply(reply: bytes, motors: list[int], length: int) -> list[tuple[int, bytes]]:
    """Return (error, data) per motor of a fast sync reply; ValueError says what is wrong."""
    at = len(HEADER) + 4
    if len(reply) != at + len(motors) * (length + 4):
        raise ValueError(f'{len(reply)} bytes for {len(motors)} motors')
    rows = []
    for motor in motors:
        error, who = reply[at], reply[at + 1]
        end = at + 2 + length
        if who != motor:
            raise ValueError(f'motor {who} answered instead of {motor}')
        if crc16(reply[:end]) != int.from_bytes(reply[end : end + 2], 'little'):
            raise ValueError(f'bad CRC at motor {motor}')
        rows.append((error, reply[at + 2 : end]))
        at = end + 2
    return rows


@dataclass(frozen=True)
class Instruction:
    """What a host asks for."""

    motor: int
    code: int
    parameters: bytes
    intact: bool  # the CRC fits


class InstructionParser:
    """Finds instruction packets in a stream of bytes; noise is skipped, nothing is ever raised."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Instruction]:
        """Take bytes as they come and return the packets that they complete."""
        self._bytes += data
        found = []
        while (one := self._next()) is not None:
            if one.code != STATUS:
                found.append(one)
        return found

    def _next(self) -> Instruction | None:
        buffer = self._bytes
        while True:
            start = buffer.find(HEADER)
            if start < 0:
                del buffer[: max(0, len(buffer) - len(HEADER) + 1)]
                return None
            del buffer[:start]
            if len(buffer) < 7:
                return None
            length = buffer[5] | buffer[6] << 8
            if not 3 <= length <= LONGEST:
                del buffer[:1]
                continue
            if len(buffer) < 7 + length:
                return None
            return self._take(7 + length)

    def _take(self, size: int) -> Instruction:
        whole = bytes(self._bytes[:size])
        intact = crc16(whole[:-2]) == int.from_bytes(whole[-2:], 'little')
        # After a damaged packet its length can not be trusted: look again right behind its header.
        del self._bytes[: size if intact else len(HEADER)]
        body = unstuff(whole[7:-2])
        return Instruction(whole[4], body[0], body[1:], intact)
