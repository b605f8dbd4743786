# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
from dynamixel_sdk import Protocol2PacketHandler
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from hvd_ros.drivers.dynamixel import wire

# From the public description of Protocol 2.0 (emanual.robotis.com/docs/en/dxl/protocol2).
DOCUMENTED = {
    'ping 1': (wire.packet(1, wire.PING), 'FF FF FD 00 01 03 00 01 19 4E'),
    'ping all': (wire.packet(0xFE, wire.PING), 'FF FF FD 00 FE 03 00 01 31 42'),
    'ping reply 1': (
        wire.status(1, 0, bytes.fromhex('060426')),
        'FF FF FD 00 01 07 00 55 00 06 04 26 65 5D',
    ),
    'read position': (
        wire.packet(1, wire.READ, bytes.fromhex('84000400')),
        'FF FF FD 00 01 07 00 02 84 00 04 00 1D 15',
    ),
    'write goal': (
        wire.packet(1, wire.WRITE, bytes.fromhex('740000020000')),
        'FF FF FD 00 01 09 00 03 74 00 00 02 00 00 CA 89',
    ),
    'write reply': (wire.status(1, 0), 'FF FF FD 00 01 04 00 55 00 A1 0C'),
    'reboot': (wire.packet(1, wire.REBOOT), 'FF FF FD 00 01 03 00 08 2F 4E'),
    'clear': (
        wire.packet(1, wire.CLEAR, bytes.fromhex('0144584C22')),
        'FF FF FD 00 01 08 00 10 01 44 58 4C 22 B1 DC',
    ),
    'sync read': (
        wire.packet(0xFE, wire.SYNC_READ, bytes.fromhex('840004000102')),
        'FF FF FD 00 FE 09 00 82 84 00 04 00 01 02 CE FA',
    ),
    'sync read reply 1': (
        wire.status(1, 0, bytes.fromhex('A6000000')),
        'FF FF FD 00 01 08 00 55 00 A6 00 00 00 8C C0',
    ),
    'sync read reply 2': (
        wire.status(2, 0, bytes.fromhex('1F080000')),
        'FF FF FD 00 02 08 00 55 00 1F 08 00 00 BA BE',
    ),
    'sync write': (
        wire.packet(0xFE, wire.SYNC_WRITE, bytes.fromhex('74000400019600000002AA000000')),
        'FF FF FD 00 FE 11 00 83 74 00 04 00 01 96 00 00 00 02 AA 00 00 00 82 87',
    ),
}


@pytest.mark.parametrize('name', DOCUMENTED)
def test_packets_are_those_of_the_documentation(name):
    ours, documented = DOCUMENTED[name]
    assert ours == bytes.fromhex(documented)


@given(data=st.binary(max_size=300))
def test_crc_is_that_of_the_sdk(data):
    assert wire.crc16(data) == Protocol2PacketHandler().updateCRC(0, data, len(data))


@given(data=st.lists(st.sampled_from(b'\xff\xfd\x00\x01'), max_size=40).map(bytes))
def test_stuffing_hides_the_header_and_comes_off_again(data):
    stuffed = wire.stuff(data)
    assert wire.HEADER not in stuffed
    assert wire.unstuff(stuffed) == data


def cut(data, sizes):
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]


@settings(max_examples=200, deadline=None)
@given(
    before=st.lists(st.sampled_from(b'\xff\xfd\x00\x55\x03'), max_size=20).map(bytes),
    sizes=st.lists(st.integers(0, 7), max_size=20),
)
def test_a_packet_is_found_behind_noise_and_in_pieces(before, sizes):
    ping = wire.packet(5, wire.PING)
    # A false header in the noise may swallow what follows; a second packet always gets through,
    # once as many bytes have come as the false length claims.
    parser, found = wire.InstructionParser(), []
    for piece in cut(before + ping * 110, sizes):
        found += parser.feed(piece)
    assert wire.Instruction(5, wire.PING, b'', True) in found


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(st.binary(max_size=60) | st.just(wire.HEADER + b'\x01\x06\x00'), max_size=20)
)
def test_no_bytes_upset_the_parser(pieces):
    parser = wire.InstructionParser()
    for piece in pieces:
        parser.feed(piece)
    assert len(parser._bytes) <= wire.LONGEST + 7


def test_fast_replies_are_checked_motor_by_motor():
    rows = [(3, 0, b'abcd'), (7, 0x80, b'efgh'), (4, 0, b'ijkl')]
    reply = wire.fast_status(rows)
    assert wire.crc16(reply[:-2]) == int.from_bytes(reply[-2:], 'little')
    assert len(reply) == 7 + int.from_bytes(reply[5:7], 'little')
    assert wire.read_fast_reply(reply, [3, 7, 4], 4) == [
        (0, b'abcd'),
        (0x80, b'efgh'),
        (0, b'ijkl'),
    ]
    for spoiled, motors in (
        (reply[:-1], [3, 7, 4]),
        (reply, [3, 4, 7]),
        (reply[:20] + b'?' + reply[21:], [3, 7, 4]),
    ):
        with pytest.raises(ValueError, match=r'motor'):
            wire.read_fast_reply(spoiled, motors, 4)
